import { hash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { EndpointSlice, EndpointSliceEndpoint } from '../../kube/resources.ts';
import { annotations, labels, managerName } from '../labels.ts';
import { hasMarks, marksOf } from '../marks.ts';
import { portSetKey } from '../match-ports.ts';
import { fromKubePort } from '../ports.ts';
import type { DesiredEndpoint } from '../types.ts';
import type { AddressFamily, SlicesPlan, SlicesWish } from './types.ts';

/** The fewest writes that make the slices of a Service what they should be: none where they say the same already. */
export function planSlices(wish: SlicesWish, existing: readonly EndpointSlice[]): SlicesPlan {
  const creates: EndpointSlice[] = [];
  const updates: EndpointSlice[] = [];
  const deletes = new Set(existing);
  const names = new Set(existing.map(({ metadata }) => metadata.name));
  for (const family of wish.families) {
    const endpoints = wish.endpoints.filter(({ address }) => address.includes(':') === (family === 'IPv6'));
    const groups = Map.groupBy(endpoints, ({ ports }) => portSetKey(ports));
    if (groups.size === 0) {
      groups.set('', []);
    }
    for (const [key, group] of groups) {
      const left = new Map(group.map((endpoint) => [endpoint.address, endpoint]));
      const own = existing.filter(
        (slice) => slice.addressType === family && portSetKey((slice.ports ?? []).map(fromKubePort)) === key,
      );
      const kept = own.map((slice) => ({ slice, content: takeDesired(slice, left, wish.maxEndpoints) }));
      for (const { slice, content } of kept) {
        if (content.length > 0 || key === '') {
          fill(content, left, wish.maxEndpoints);
          deletes.delete(slice);
          const next = sliceOf(wish, slice.metadata.name, family, content, slice);
          if (!isDeepStrictEqual(next, slice)) {
            updates.push(next);
          }
        }
      }
      while (left.size > 0 || (key === '' && kept.length === 0 && creates.length === 0)) {
        const content: DesiredEndpoint[] = [];
        fill(content, left, wish.maxEndpoints);
        creates.push(sliceOf(wish, freeName(wish, family, key, names), family, content, undefined));
      }
    }
  }
  return { creates, updates, deletes: [...deletes] };
}

function takeDesired(
  slice: EndpointSlice,
  left: Map<string, DesiredEndpoint>,
  max: number,
): DesiredEndpoint[] {
  const content: DesiredEndpoint[] = [];
  for (const { addresses } of slice.endpoints ?? []) {
    const endpoint = left.get(addresses[0] ?? '');
    if (endpoint !== undefined && content.length < max) {
      left.delete(endpoint.address);
      content.push(endpoint);
    }
  }
  return content;
}

function fill(content: DesiredEndpoint[], left: Map<string, DesiredEndpoint>, max: number): void {
  for (const [address, endpoint] of left) {
    if (content.length >= max) {
      return;
    }
    left.delete(address);
    content.push(endpoint);
  }
}

function sliceOf(
  wish: SlicesWish,
  name: string,
  addressType: AddressFamily,
  content: readonly DesiredEndpoint[],
  existing: EndpointSlice | undefined,
): EndpointSlice {
  const { namespace, ownerReferences } = wish;
  const deadline = Math.max(...content.map(({ drainUntil }) => drainUntil ?? -1));
  const marks = marksOf(
    {
      serviceLabels: wish.serviceLabels,
      headless: wish.headless,
      labels: {
        [labels.etcdService]: wish.etcdService,
        [labels.serviceName]: wish.name,
        [labels.sliceManagedBy]: managerName,
      },
      annotations: {
        [annotations.drainingUntil]: deadline < 0 ? undefined : new Date(deadline).toISOString(),
      },
    },
    existing?.metadata,
  );
  const same = existing !== undefined && hasMarks(existing.metadata, marks, ownerReferences);
  const metadata = same
    ? existing.metadata
    : { ...existing?.metadata, namespace, name, ...marks, ownerReferences };
  const endpoints = content.map((endpoint) => sliceEndpoint(endpoint, wish));
  const ports = [...(content[0]?.ports ?? [])];
  return {
    ...(existing ?? { apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', addressType }),
    metadata,
    endpoints,
    ports,
  };
}

function sliceEndpoint(endpoint: DesiredEndpoint, wish: SlicesWish): EndpointSliceEndpoint {
  const { address, ready, drainUntil, zone, nodeName, hostname } = endpoint;
  const terminating = drainUntil !== undefined;
  const serving = ready || terminating;
  return {
    addresses: [address],
    conditions: { ready: wish.publishNotReadyAddresses || (serving && !terminating), serving, terminating },
    ...(hostname === undefined || !wish.headless ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
  };
}

function freeName(wish: SlicesWish, family: AddressFamily, key: string, names: Set<string>): string {
  for (let attempt = 0; ; attempt += 1) {
    const name = `${wish.name}-${hash('sha256', `${family}|${key}|${attempt}`).slice(0, 10)}`;
    if (!names.has(name)) {
      names.add(name);
      return name;
    }
  }
}
