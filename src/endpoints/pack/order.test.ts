import { describe, expect, it } from 'vitest';
import { endpointsAt, httpPort, plan, sketch, sliceAt, slicesWish } from '../../../test/kit/pack.ts';
import { SliceStore } from '../../../test/kit/slice-store.ts';
import { planSlices } from './plan-slices.ts';

describe('the order of writes', () => {
  it('begins with slices that only gain and ends with those that only lose', () => {
    const slices = [
      sliceAt('web-a', [1, 2, 3]),
      sliceAt('web-b', [4, 5, 6], 9090),
      sliceAt('web-c', [7], 7070),
    ];
    const endpoints = [...endpointsAt([1, 2]), ...endpointsAt([4, 5, 8], 9090), ...endpointsAt([7, 9], 7070)];
    expect(sketch(plan(slicesWish({ endpoints, maxEndpoints: 3 }), ...slices))).toMatchObject({
      updates: [
        ['web-c', 7, 9],
        ['web-b', 4, 5, 8],
        ['web-a', 1, 2],
      ],
    });
  });

  it('adds an address that changes its port before it takes it away', () => {
    const slices = [
      sliceAt('web-a', [1, 2, 3]),
      sliceAt('web-b', [4, 5], 9090),
      sliceAt('web-c', [6, 7], 7070),
    ];
    const endpoints = [
      ...endpointsAt([1, 2, 9]),
      ...endpointsAt([4, 3], 9090),
      ...endpointsAt([6, 7, 5], 7070),
    ];
    expect(sketch(plan(slicesWish({ endpoints, maxEndpoints: 3 }), ...slices))).toEqual({
      creates: [],
      updates: [
        ['web-c', 6, 7, 5],
        ['web-b', 4, 3],
        ['web-a', 1, 2, 9],
      ],
      deletes: [],
    });
  });

  it('makes a slice of a given up one only where nothing waits for it', () => {
    const slices = [sliceAt('web-a', [1, 2, 3]), sliceAt('web-b', [4, 5, 6])];
    const endpoints = [...endpointsAt([1, 2, 4]), ...endpointsAt([3], 9090)];
    expect(sketch(plan(slicesWish({ endpoints, maxEndpoints: 3 }), ...slices))).toEqual({
      creates: [[3]],
      updates: [['web-a', 1, 2, 4]],
      deletes: ['web-b'],
    });
  });

  it('adds a port of an address before it takes it away, also where the address itself stays', () => {
    const admin = { name: 'admin', port: 9000, protocol: 'TCP' } as const;
    const store = new SliceStore();
    store.put({ ...sliceAt('web-a', [1]), ports: [httpPort(9090), admin] });
    store.put({ ...sliceAt('web-b', [1, 2]), ports: [httpPort(8080), admin] });
    const endpoints = [...endpointsAt([1], 9090), ...endpointsAt([1, 2])];
    const alive = ['10.0.0.1 http:8080/TCP', '10.0.0.1 http:9090/TCP', '10.0.0.2 http:8080/TCP'];
    store.apply(planSlices(slicesWish({ endpoints }), store.slices), () => {
      expect([...store.reachable]).toEqual(expect.arrayContaining(alive));
    });
  });

  it('gives an endpoint a slice of its own where two exchange their ports', () => {
    const slices = [sliceAt('web-a', [1, 2]), sliceAt('web-b', [3, 4], 9090)];
    const endpoints = [...endpointsAt([1, 3]), ...endpointsAt([2, 4], 9090)];
    expect(sketch(plan(slicesWish({ endpoints }), ...slices))).toEqual({
      creates: [[3]],
      updates: [
        ['web-b', 4, 2],
        ['web-a', 1],
      ],
      deletes: [],
    });
  });
});
