import { describe, expect, it } from 'vitest';
import { endpointsAt, nothing, one, plan, sketch, sliceAt, slicesWish } from '../../../test/kit/pack.ts';
import type { EndpointSlice } from '../../kube/resources.ts';
import type { SlicesPlan } from './types.ts';

describe('packing', () => {
  it('changes a hostname in place', () => {
    const [slice] = plan(slicesWish({ endpoints: [{ ...one, hostname: 'web-1' }], headless: true })).creates;
    const changed = plan(
      slicesWish({ endpoints: [{ ...one, hostname: 'web-2' }], headless: true }),
      slice as EndpointSlice,
    );
    expect(changed.updates[0]?.endpoints?.[0]).toMatchObject({ addresses: ['10.0.0.1'], hostname: 'web-2' });
  });

  it('takes away a second address, which proxies would not read', () => {
    const slice = { ...sliceAt('web-a', []), endpoints: [{ addresses: ['10.0.0.1', '10.0.0.2'] }] };
    expect(sketch(plan(slicesWish({ endpoints: [one] }), slice))).toMatchObject({ updates: [['web-a', 1]] });
  });

  it('puts ports and address families apart', () => {
    const endpoints = [...endpointsAt([1, 2]), ...endpointsAt([1], 9090), { ...one, address: 'fd00::1' }];
    const { creates } = plan(slicesWish({ endpoints, families: ['IPv6', 'IPv4'] }));
    expect(
      creates.map(({ addressType, ports, endpoints: held }) => [addressType, ports?.[0]?.port, held?.length]),
    ).toEqual([
      ['IPv6', 8080, 1],
      ['IPv4', 8080, 2],
      ['IPv4', 9090, 1],
    ]);
  });

  it('leaves out what the Service has no family for', () => {
    const endpoints = [one, { ...one, address: 'fd00::1' }];
    expect(sketch(plan(slicesWish({ endpoints })))).toMatchObject({ creates: [[1]] });
  });

  it('adds to a slice that is written anyway, rather than to the fuller one that is not', () => {
    const wish = slicesWish({ endpoints: endpointsAt([1, 3, 4, 5, 6]), maxEndpoints: 5 });
    expect(sketch(plan(wish, sliceAt('web-a', [1, 2]), sliceAt('web-b', [3, 4, 5])))).toEqual({
      creates: [],
      updates: [['web-a', 1, 6]],
      deletes: [],
    });
  });

  it('adds to the one unchanged slice that it leaves closest to full', () => {
    const slices = [sliceAt('web-a', [1]), sliceAt('web-b', [2, 3]), sliceAt('web-c', [4, 5, 6, 7])];
    const wish = slicesWish({ endpoints: endpointsAt([1, 2, 3, 4, 5, 6, 7, 8, 9]), maxEndpoints: 5 });
    expect(sketch(plan(wish, ...slices))).toEqual({
      creates: [],
      updates: [['web-b', 2, 3, 8, 9]],
      deletes: [],
    });
  });

  it('makes a new slice where no other has room for all that is new', () => {
    const slices = [sliceAt('web-a', [1, 2, 3]), sliceAt('web-b', [4, 5, 6])];
    const wish = slicesWish({ endpoints: endpointsAt([1, 2, 3, 4, 5, 6, 7, 8, 9]), maxEndpoints: 5 });
    expect(sketch(plan(wish, ...slices))).toEqual({ creates: [[7, 8, 9]], updates: [], deletes: [] });
  });

  it('spreads a few over two slices rather than begin a new one', () => {
    const slices = [sliceAt('web-a', [1, 2, 3]), sliceAt('web-b', [4, 5, 6])];
    const wish = slicesWish({ endpoints: endpointsAt([1, 2, 3, 4, 5, 6, 7, 8]), maxEndpoints: 4 });
    expect(sketch(plan(wish, ...slices))).toEqual({
      creates: [],
      updates: [
        ['web-b', 4, 5, 6, 7],
        ['web-a', 1, 2, 3, 8],
      ],
      deletes: [],
    });
  });

  it('gives up the emptiest slice that loses endpoints where others, written anyway, have room', () => {
    const slices = [sliceAt('web-a', [1, 2, 3]), sliceAt('web-b', [4, 5, 6])];
    const wish = slicesWish({ endpoints: endpointsAt([1, 2, 4]), maxEndpoints: 3 });
    expect(sketch(plan(wish, ...slices))).toEqual({
      creates: [],
      updates: [['web-a', 1, 2, 4]],
      deletes: ['web-b'],
    });
  });

  it('moves nothing out of a slice that loses nothing, also where all would fit into one', () => {
    const slices = [sliceAt('web-a', [1]), sliceAt('web-b', [2]), sliceAt('web-c', [3])];
    const endpoints = endpointsAt([1, 2, 3]).map((some, index) => ({ ...some, ready: index > 1 }));
    expect(sketch(plan(slicesWish({ endpoints }), ...slices))).toEqual({
      creates: [],
      updates: [
        ['web-a', 1],
        ['web-b', 2],
      ],
      deletes: [],
    });
  });

  it('changes the ports of slices where they are, however many there are', () => {
    const slices = [sliceAt('web-a', [1, 2]), sliceAt('web-b', [3, 4])];
    const changed = plan(
      slicesWish({ endpoints: endpointsAt([4, 3, 2, 1], 9090), maxEndpoints: 2 }),
      ...slices,
    );
    expect(sketch(changed)).toEqual({
      creates: [],
      updates: [
        ['web-a', 1, 2],
        ['web-b', 3, 4],
      ],
      deletes: [],
    });
    expect(changed.updates.map(({ ports }) => ports?.[0]?.port)).toEqual([9090, 9090]);
  });

  it('makes a slice that is needed from one that is not', () => {
    const changed = plan(slicesWish({ endpoints: endpointsAt([5], 9090) }), sliceAt('web-a', [1]));
    expect(sketch(changed)).toEqual({ creates: [], updates: [['web-a', 5]], deletes: [] });
  });

  it('never makes a slice from one of another family', () => {
    const wish = slicesWish({ endpoints: [{ ...one, address: 'fd00::1' }], families: ['IPv4', 'IPv6'] });
    const { creates, updates, deletes } = plan(wish, sliceAt('web-a', [1]));
    expect([creates.length, updates.length, deletes.length]).toEqual([1, 0, 1]);
  });

  it('deletes slices of families that the Service has not, and of names', () => {
    const slices: EndpointSlice[] = [
      { ...sliceAt('web-a', []), addressType: 'FQDN', endpoints: [{ addresses: ['web.example'] }] },
      { ...sliceAt('web-b', []), addressType: 'IPv6', endpoints: [{ addresses: ['fd00::1'] }] },
      sliceAt('web-c', [1]),
    ];
    expect(sketch(plan(slicesWish({ endpoints: [one] }), ...slices))).toEqual({
      creates: [],
      updates: [],
      deletes: ['web-a', 'web-b'],
    });
  });

  it('takes what is beyond a lower limit to another slice, and adds it there first', () => {
    const wish = slicesWish({ endpoints: endpointsAt([1, 2, 3, 4, 5]), maxEndpoints: 3 });
    expect(sketch(plan(wish, sliceAt('web-a', [1, 2, 3, 4]), sliceAt('web-b', [5, 6])))).toEqual({
      creates: [],
      updates: [
        ['web-b', 5, 4],
        ['web-a', 1, 2, 3],
      ],
      deletes: [],
    });
  });

  it('removes what stands twice from the slice that is written anyway', () => {
    const slices = [sliceAt('web-a', [1, 2, 3, 4]), sliceAt('web-b', [1, 5])];
    const wish = slicesWish({ endpoints: endpointsAt([1, 2, 3, 5]) });
    expect(sketch(plan(wish, ...slices))).toEqual({ creates: [], updates: [['web-a', 2, 3]], deletes: [] });
  });

  it('removes what stands twice from the emptier slice, which may go', () => {
    const slices = [sliceAt('web-a', [1, 2]), sliceAt('web-b', [1, 2, 3])];
    const wish = slicesWish({ endpoints: endpointsAt([1, 2, 3]) });
    expect(sketch(plan(wish, ...slices))).toEqual({ creates: [], updates: [], deletes: ['web-a'] });
  });

  it('leaves one slice without endpoints where nothing is published, and fills it again', () => {
    const empty = plan(
      slicesWish({ families: ['IPv4', 'IPv6'] }),
      sliceAt('web-a', [1]),
      sliceAt('web-b', [2], 9090),
    );
    expect(sketch(empty)).toEqual({ creates: [], updates: [['web-a']], deletes: ['web-b'] });
    const [placeholder] = empty.updates;
    expect(placeholder?.ports).toEqual([]);
    const stored = { ...(placeholder as EndpointSlice), endpoints: null, ports: null };
    expect(plan(slicesWish(), stored)).toEqual(nothing);
    expect(sketch(plan(slicesWish({ endpoints: [one] }), stored))).toMatchObject({ updates: [['web-a', 1]] });
  });

  it('gives a slice that is tried again the name that it had', () => {
    const wish = slicesWish({ endpoints: endpointsAt([1, 2, 3]), maxEndpoints: 1 });
    const names = ({ creates }: SlicesPlan): readonly string[] =>
      creates.map(({ metadata }) => metadata.name);
    const all = names(plan(wish));
    expect(new Set(all).size).toBe(3);
    expect(names(plan(wish))).toEqual(all);
  });
});
