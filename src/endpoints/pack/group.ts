import type { EndpointSlice } from '../../kube/resources.ts';
import { portSetKey } from '../match-ports.ts';
import { fromKubePort } from '../ports.ts';
import type { DesiredEndpoint, EndpointPort } from '../types.ts';
import type { AddressFamily } from './types.ts';

/** Endpoints that may share a slice, since they are of one address family and have the same ports. */
export interface Group {
  readonly family: AddressFamily;
  /** Tells port sets of one family apart. */
  readonly key: string;
  readonly ports: readonly EndpointPort[];
  /** By address. */
  readonly wanted: ReadonlyMap<string, Wanted>;
}

export interface Wanted {
  readonly endpoint: DesiredEndpoint;
  /** Whether it has got its place in a slice. */
  isPlaced: boolean;
}

/** Endpoints of one family by port set. Of two with the same address and ports the first one counts. */
export function groupByPorts(family: AddressFamily, endpoints: readonly DesiredEndpoint[]): readonly Group[] {
  const groups = new Map<string, Group & { readonly wanted: Map<string, Wanted> }>();
  let current = newGroup(family, '', []);
  for (const endpoint of endpoints) {
    const { address, ports } = endpoint;
    // Neighbours mostly have the same ports, and comparing them is much cheaper than making their key.
    if (!samePorts(ports, current.ports) || groups.size === 0) {
      const key = portSetKey(ports);
      current = groups.get(key) ?? newGroup(family, key, ports);
      groups.set(key, current);
    }
    if (!current.wanted.has(address)) {
      current.wanted.set(address, { endpoint, isPlaced: false });
    }
  }
  return [...groups.values()];
}

/** The group of a placeholder: no endpoints and no ports. */
export function emptyGroup(family: AddressFamily): Group {
  return newGroup(family, '', []);
}

function newGroup(family: AddressFamily, key: string, ports: readonly EndpointPort[]) {
  return { family, key, ports, wanted: new Map<string, Wanted>() };
}

function samePorts(a: readonly EndpointPort[], b: readonly EndpointPort[]): boolean {
  return a === b || (a.length === b.length && a.every((port, index) => samePort(port, b[index])));
}

function samePort(a: EndpointPort, b: EndpointPort | undefined): boolean {
  return (
    a.port === b?.port && a.name === b.name && a.protocol === b.protocol && a.appProtocol === b.appProtocol
  );
}

export function portsOfSlice({ ports }: EndpointSlice): readonly EndpointPort[] {
  return (ports ?? []).map(fromKubePort);
}
