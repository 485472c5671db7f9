import type { EndpointSlice } from '../../kube/resources.ts';
import { labelSetKey, sameLabels } from '../label-set.ts';
import { instanceLabelsOf } from '../marks.ts';
import { portSetKey, samePorts } from '../match-ports.ts';
import { fromKubePort } from '../ports.ts';
import type { DesiredEndpoint, EndpointPort } from '../types.ts';
import type { AddressFamily } from './types.ts';

/** Endpoints that may share a slice, since they are of one address family and have the same ports and labels. */
export interface Group {
  readonly family: AddressFamily;
  /** Tells groups of one family apart. */
  readonly key: string;
  readonly ports: readonly EndpointPort[];
  readonly labels: DesiredEndpoint['labels'];
  /** By address. */
  readonly wanted: ReadonlyMap<string, Wanted>;
}

export interface Wanted {
  readonly endpoint: DesiredEndpoint;
  /** Whether it has got its place in a slice. */
  isPlaced: boolean;
}

/** Endpoints of one family by ports and labels. Of two with the same address, ports and labels the first one counts. */
export function groupAlike(family: AddressFamily, endpoints: readonly DesiredEndpoint[]): readonly Group[] {
  const groups = new Map<string, Group & { readonly wanted: Map<string, Wanted> }>();
  let current = newGroup(family, '', [], undefined);
  for (const endpoint of endpoints) {
    const { address, ports, labels } = endpoint;
    // Neighbours mostly are alike, and comparing them is much cheaper than making their key.
    if (!samePorts(ports, current.ports) || !sameLabels(labels, current.labels) || groups.size === 0) {
      const key = groupKey(ports, labels);
      current = groups.get(key) ?? newGroup(family, key, ports, labels);
      groups.set(key, current);
    }
    if (!current.wanted.has(address)) {
      current.wanted.set(address, { endpoint, isPlaced: false });
    }
  }
  return [...groups.values()];
}

/** The group of a placeholder: no endpoints, ports or labels. */
export function emptyGroup(family: AddressFamily): Group {
  return newGroup(family, '', [], undefined);
}

function newGroup(
  family: AddressFamily,
  key: string,
  ports: readonly EndpointPort[],
  labels: DesiredEndpoint['labels'],
) {
  return { family, key, ports, labels, wanted: new Map<string, Wanted>() };
}

/** The key of the group that a slice holds endpoints of. */
export function keyOfSlice(slice: EndpointSlice): string {
  return groupKey(portsOfSlice(slice), instanceLabelsOf(slice.metadata));
}

function groupKey(ports: readonly EndpointPort[], labels: DesiredEndpoint['labels']): string {
  return labels === undefined ? portSetKey(ports) : `${portSetKey(ports)}#${labelSetKey(labels)}`;
}

export function portsOfSlice({ ports }: EndpointSlice): readonly EndpointPort[] {
  return (ports ?? []).map(fromKubePort);
}
