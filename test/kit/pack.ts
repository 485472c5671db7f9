import { planSlices } from '../../src/endpoints/pack/plan-slices.ts';
import type { SlicesPlan, SlicesWish } from '../../src/endpoints/pack/types.ts';
import type { DesiredEndpoint, EndpointPort } from '../../src/endpoints/types.ts';
import type { EndpointSlice } from '../../src/kube/resources.ts';
import { SliceStore } from './slice-store.ts';

/** What the slices of Service `shop/web` should say: nothing special, unless `more` says so. */
export function slicesWish(more: Partial<SlicesWish> = {}): SlicesWish {
  return {
    namespace: 'shop',
    name: 'web',
    etcdService: 'web',
    serviceLabels: {},
    headless: false,
    publishNotReadyAddresses: false,
    zoneHints: false,
    ownerReferences: [],
    endpoints: [],
    maxEndpoints: 100,
    families: ['IPv4'],
    ...more,
  };
}

export function httpPort(port: number): EndpointPort {
  return { name: 'http', port, protocol: 'TCP' };
}

/** The first of {@link endpointsAt}. */
export const one: DesiredEndpoint = { address: '10.0.0.1', ports: [httpPort(8080)], ready: true };

/** Ready endpoints on one port, `10.0.0.<number>` each. */
export function endpointsAt(numbers: readonly number[], port = 8080): DesiredEndpoint[] {
  return numbers.map((number) => ({ address: `10.0.0.${number}`, ports: [httpPort(port)], ready: true }));
}

/** A slice of ours as an apiserver has stored it, with endpoints as of {@link endpointsAt}. */
export function sliceAt(name: string, numbers: readonly number[], port = 8080): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid of ${name}`,
      resourceVersion: '1',
      labels: {
        'kubernetes.io/service-name': 'web',
        'endpointslice.kubernetes.io/managed-by': 'etcd-endpoints.io',
        'etcd-endpoints.io/etcdservice': 'web',
      },
    },
    addressType: 'IPv4',
    endpoints: numbers.map((number) => ({
      addresses: [`10.0.0.${number}`],
      conditions: { ready: true, serving: true, terminating: false },
    })),
    ports: [httpPort(port)],
  };
}

/** The plan of what needs no write. */
export const nothing: SlicesPlan = { creates: [], updates: [], deletes: [] };

/** Plans for slices that cannot be changed, since they come from a cache. */
export function plan(wish: SlicesWish, ...slices: readonly EndpointSlice[]): SlicesPlan {
  const store = new SliceStore();
  slices.forEach((slice) => {
    store.put(slice);
  });
  return planSlices(wish, store.slices);
}

/** Names and last numbers of the addresses of what a plan writes. */
export function sketch({ creates, updates, deletes }: SlicesPlan): object {
  const numbers = ({ metadata, endpoints }: EndpointSlice): readonly (string | number)[] => [
    metadata.name,
    ...(endpoints ?? []).map(({ addresses }) => Number(addresses[0]?.split('.').at(-1))),
  ];
  return {
    creates: creates.map((slice) => numbers(slice).slice(1)),
    updates: updates.map(numbers),
    deletes: deletes.map(({ metadata }) => metadata.name),
  };
}
