import { describe, expect, it } from 'vitest';
import {
  endpointsAt,
  httpPort,
  nothing,
  one,
  plan,
  sketch,
  sliceAt,
  slicesWish,
} from '../../../test/kit/pack.ts';
import { addressesOf } from '../../../test/kit/slice-store.ts';
import type { EndpointSlice } from '../../kube/resources.ts';
import type { DesiredEndpoint } from '../types.ts';
import type { SlicesWish } from './types.ts';

const owner = {
  apiVersion: 'etcd-endpoints.io/v1alpha1',
  kind: 'EtcdService',
  name: 'web',
  uid: 'u-1',
  controller: true,
};

/** The slice that a Service gets for one endpoint. */
function sliceFor(endpoint: DesiredEndpoint, more: Partial<SlicesWish> = {}): EndpointSlice | undefined {
  return plan(slicesWish({ endpoints: [endpoint], ...more })).creates[0];
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
