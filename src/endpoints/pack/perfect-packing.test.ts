import { describe, expect, it } from 'vitest';
import type { EndpointSlice } from '../../kube/resources.ts';
import { perfectPacking } from './perfect-packing.ts';

function slice(service: string, endpoints: number, more: Partial<EndpointSlice> = {}): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'x', namespace: 'shop', labels: { 'kubernetes.io/service-name': service } },
    addressType: 'IPv4',
    ports: [{ name: 'http', port: 80 }],
    endpoints: Array.from({ length: endpoints }, (_, n) => ({ addresses: [`10.0.0.${n + 1}`] })),
    ...more,
  };
}

describe('the perfect packing of slices', () => {
  it.each<[string, EndpointSlice[], number]>([
    ['joins the endpoints of a Service', [slice('web', 3), slice('web', 4), slice('web', 1)], 2],
    ['keeps Services apart', [slice('web', 1), slice('api', 1)], 2],
    ['keeps families apart', [slice('web', 1), slice('web', 1, { addressType: 'IPv6' })], 2],
    [
      'keeps sets of ports apart',
      [slice('web', 1), slice('web', 1, { ports: [{ name: 'http', port: 81 }] })],
      2,
    ],
    ['has one slice for a Service without endpoints', [slice('web', 0, { ports: [] })], 1],
    ['needs no empty slice beside others', [slice('web', 0, { ports: [] }), slice('web', 4)], 1],
    ['is nothing without slices', [], 0],
  ])('%s', (_, slices, fewest) => {
    expect(perfectPacking(slices, 4)).toBe(fewest);
  });
});
