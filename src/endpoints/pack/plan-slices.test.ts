import { describe, expect, it } from 'vitest';
import { endpointsAt, httpPort, sliceAt, slicesWish } from '../../../test/kit/pack.ts';
import { addressesOf, SliceStore } from '../../../test/kit/slice-store.ts';
import type { EndpointSlice } from '../../kube/resources.ts';
import type { DesiredEndpoint } from '../types.ts';
import { planSlices } from './plan-slices.ts';
import type { SlicesPlan, SlicesWish } from './types.ts';

const nothing: SlicesPlan = { creates: [], updates: [], deletes: [] };
const owner = {
  apiVersion: 'etcd-endpoints.io/v1alpha1',
  kind: 'EtcdService',
  name: 'web',
  uid: 'u-1',
  controller: true,
};
const one: DesiredEndpoint = { address: '10.0.0.1', ports: [httpPort(8080)], ready: true };

/** Plans for slices that cannot be changed, since they come from a cache. */
function plan(wish: SlicesWish, ...slices: readonly EndpointSlice[]): SlicesPlan {
  const store = new SliceStore();
  slices.forEach((slice) => {
    store.put(slice);
  });
  return planSlices(wish, store.slices);
}

/** The slice that a Service gets for one endpoint. */
function sliceFor(endpoint: DesiredEndpoint, more: Partial<SlicesWish> = {}): EndpointSlice | undefined {
  return plan(slicesWish({ endpoints: [endpoint], ...more })).creates[0];
}

/** Names and last numbers of the addresses of what a plan writes. */
function sketch({ creates, updates, deletes }: SlicesPlan): object {
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

describe('a slice', () => {
  it('is written as Kubernetes writes its own', () => {
    const ports = [{ ...httpPort(8080), appProtocol: 'http' }];
    const endpoint: DesiredEndpoint = { ...one, ports, zone: 'a', nodeName: 'n1', hostname: 'web-1' };
    const wish = slicesWish({
      endpoints: [endpoint],
      serviceLabels: { app: 'web' },
      ownerReferences: [owner],
    });
    expect(plan(wish).creates).toEqual([
      {
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: {
          namespace: 'shop',
          name: expect.stringMatching(/^web-[0-9a-f]{10}$/),
          labels: {
            app: 'web',
            'kubernetes.io/service-name': 'web',
            'endpointslice.kubernetes.io/managed-by': 'etcd-endpoints.io',
            'etcd-endpoints.io/etcdservice': 'web',
          },
          annotations: { 'etcd-endpoints.io/copied-labels': 'app' },
          ownerReferences: [owner],
        },
        addressType: 'IPv4',
        endpoints: [
          {
            addresses: ['10.0.0.1'],
            conditions: { ready: true, serving: true, terminating: false },
            nodeName: 'n1',
            zone: 'a',
          },
        ],
        ports,
      },
    ]);
  });

  it('of a headless Service says so, and names its endpoints', () => {
    const slice = sliceFor({ ...one, hostname: 'web-1' }, { headless: true });
    expect(slice?.metadata.labels).toHaveProperty(['service.kubernetes.io/headless'], '');
    expect(slice?.endpoints?.[0]?.hostname).toBe('web-1');
  });

  it.each<
    [string, Partial<DesiredEndpoint>, boolean, [ready: boolean, serving: boolean, terminating: boolean]]
  >([
    ['ready', {}, false, [true, true, false]],
    ['not ready', { ready: false }, false, [false, false, false]],
    ['draining', { ready: false, drainUntil: 1 }, false, [false, true, true]],
    ['not ready, but published', { ready: false }, true, [true, false, false]],
    ['draining, but published', { ready: false, drainUntil: 1 }, true, [true, true, true]],
  ])(
    'has the conditions of an endpoint that is %s',
    (_, more, publishNotReadyAddresses, [ready, serving, terminating]) => {
      const slice = sliceFor({ ...one, ...more }, { publishNotReadyAddresses });
      expect(slice?.endpoints?.[0]?.conditions).toEqual({ ready, serving, terminating });
    },
  );

  it('keeps labels and annotations of others, and loses those that the Service has lost', () => {
    const [created] = plan(
      slicesWish({ endpoints: [one], serviceLabels: { app: 'web', tier: 'front' } }),
    ).creates;
    const slice = structuredClone(created) as EndpointSlice & {
      metadata: { labels: Record<string, string> };
    };
    slice.metadata.labels['audit'] = 'yes';
    const { updates } = plan(slicesWish({ endpoints: [one], serviceLabels: { app: 'web' } }), slice);
    expect(updates[0]?.metadata.labels).toMatchObject({ app: 'web', audit: 'yes' });
    expect(updates[0]?.metadata.labels).not.toHaveProperty('tier');
    expect(updates[0]?.metadata.annotations).toEqual({ 'etcd-endpoints.io/copied-labels': 'app' });
  });

  it('has the labels of its instances before those of the Service, and gives them back', () => {
    const serviceLabels = { app: 'web', version: 'any' };
    const { creates } = plan(
      slicesWish({ endpoints: [{ ...one, labels: { version: '1' } }], serviceLabels }),
    );
    const [slice] = creates;
    expect(slice?.metadata.labels).toMatchObject({ app: 'web', version: '1' });
    const { updates } = plan(slicesWish({ endpoints: [one], serviceLabels }), slice as EndpointSlice);
    expect(updates[0]?.metadata.labels).toMatchObject({ app: 'web', version: 'any' });
    const last = plan(slicesWish({ endpoints: [one] }), slice as EndpointSlice).updates[0];
    expect(last?.metadata.labels).not.toHaveProperty('version');
    expect(last?.metadata.annotations).toEqual({});
  });

  it('moves an instance whose label changes to the slice of its label, adding it there first', () => {
    const labelled = (number: number, version: string) =>
      endpointsAt([number]).map((some) => ({ ...some, labels: { version } }));
    const others = [...labelled(1, '1'), ...labelled(9, '2')];
    const before = plan(slicesWish({ endpoints: [...others, ...labelled(2, '1')] })).creates;
    expect(before).toHaveLength(2);
    const wish = slicesWish({ endpoints: [...others, ...labelled(2, '2')] });
    const { creates, updates, deletes } = plan(wish, ...before);
    expect([creates, deletes]).toEqual([[], []]);
    expect(updates.map((slice) => [slice.metadata.labels?.['version'], addressesOf(slice)])).toEqual([
      ['2', ['10.0.0.9', '10.0.0.2']],
      ['1', ['10.0.0.1']],
    ]);
  });

  it('tells weights by address, and is not written anew for their order', () => {
    const endpoints = endpointsAt([3, 1, 2]).map((some, index) =>
      index === 1 ? some : { ...some, weight: index * 100 },
    );
    const [slice] = plan(slicesWish({ endpoints })).creates;
    expect(slice?.metadata.annotations).toEqual({
      'etcd-endpoints.io/weights': '{"10.0.0.2":200,"10.0.0.3":0}',
    });
    expect(plan(slicesWish({ endpoints: endpoints.toReversed() }), slice as EndpointSlice)).toEqual(nothing);
  });

  it('stays far below what annotations may hold, with 1000 of the longest addresses and weights', () => {
    const endpoints = Array.from({ length: 1000 }, (_, index) => ({
      ...one,
      address: `fd00:1111:2222:3333:4444:5555:6666:${(0x1000 + index).toString(16)}`,
      weight: 2 ** 32 - 1,
    }));
    const [slice] = plan(slicesWish({ endpoints, families: ['IPv6'], maxEndpoints: 1000 })).creates;
    const length = slice?.metadata.annotations?.['etcd-endpoints.io/weights']?.length;
    expect(length).toBeGreaterThan(50_000);
    expect(length).toBeLessThan(64 * 1024);
  });

  it('says until when its draining endpoints stay, and no longer', () => {
    const endpoints = endpointsAt([1, 2, 3]).map((some, index) =>
      index === 0 ? some : { ...some, ready: false, drainUntil: index * 1000 },
    );
    const [slice] = plan(slicesWish({ endpoints })).creates;
    const note = ['etcd-endpoints.io/draining-until'];
    expect(slice?.metadata.annotations).toHaveProperty(note, '1970-01-01T00:00:02.000Z');
    const { updates } = plan(slicesWish({ endpoints: endpoints.slice(0, 1) }), slice as EndpointSlice);
    expect(updates[0]?.metadata.annotations).not.toHaveProperty(note);
  });

  it('gives hints where every ready endpoint of the Service has a zone', () => {
    const zoned = endpointsAt([1, 2]).map((some) => ({ ...some, zone: 'a' }));
    const notReady = { ...one, address: '10.0.0.9', ready: false };
    const hintsOf = (endpoints: readonly DesiredEndpoint[]) =>
      plan(slicesWish({ endpoints, zoneHints: true, maxEndpoints: 1 })).creates.map(
        (slice) => slice.endpoints?.[0]?.hints,
      );
    const hint = { forZones: [{ name: 'a' }] };
    expect(hintsOf([...zoned, notReady])).toEqual([hint, hint, undefined]);
    expect(hintsOf([...zoned, { ...notReady, ready: true }])).toEqual([undefined, undefined, undefined]);
  });

  it('needs no write for what an apiserver leaves out, adds, or orders in another way', () => {
    const slice = sliceAt('web-a', [1]);
    const [endpoint] = slice.endpoints ?? [];
    const ports = [httpPort(8080), { name: 'admin', port: 9000, protocol: 'UDP' as const }];
    const stored = {
      ...slice,
      metadata: { ...slice.metadata, generation: 3 },
      endpoints: [{ ...endpoint, addresses: ['10.0.0.1'], conditions: {}, targetRef: { kind: 'Pod' } }],
      ports: ports.toReversed(),
    };
    expect(plan(slicesWish({ endpoints: [{ ...one, ports }] }), stored)).toEqual(nothing);
  });

  it.each<[string, Partial<DesiredEndpoint>, Partial<SlicesWish>]>([
    ['readiness', { ready: false }, {}],
    ['a drain', { ready: false, drainUntil: 1 }, {}],
    ['a zone', { zone: 'a' }, {}],
    ['a node', { nodeName: 'n1' }, {}],
    ['a hostname', { hostname: 'web-1' }, { headless: true }],
    ['a label of its instances', { labels: { version: '2' } }, {}],
    ['a weight', { weight: 100 }, {}],
    ['a port', { ports: [httpPort(9090)] }, {}],
    ['the application protocol', { ports: [{ ...httpPort(8080), appProtocol: 'http' }] }, {}],
    ['the label of a Service', {}, { serviceLabels: { app: 'web' } }],
    ['an owner', {}, { ownerReferences: [owner] }],
  ])('changes in place with %s', (_, more, wish) => {
    const slice = sliceAt('web-a', [1]);
    const changed = plan(slicesWish({ endpoints: [{ ...one, ...more }], ...wish }), slice);
    expect(sketch(changed)).toEqual({ creates: [], updates: [['web-a', 1]], deletes: [] });
    expect(changed.updates[0]?.metadata).toMatchObject({ uid: slice.metadata.uid, resourceVersion: '1' });
  });
});

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
