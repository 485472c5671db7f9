import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { slicesWish } from '../../../test/kit/pack.ts';
import { addressesOf, reachOfOne, SliceStore } from '../../../test/kit/slice-store.ts';
import type { EndpointSlice } from '../../kube/resources.ts';
import { familyOf } from '../families.ts';
import { endpointId } from '../match-ports.ts';
import type { DesiredEndpoint, EndpointPort } from '../types.ts';
import { fromSlices } from './from-slices.ts';
import { planSlices } from './plan-slices.ts';
import type { SlicesWish } from './types.ts';

const tcp = (name: string, port: number): EndpointPort => ({ name, port, protocol: 'TCP' });
const portSets = [[tcp('http', 8080)], [tcp('http', 9090)], [tcp('http', 8080), tcp('admin', 9000)], []];
const addresses = [
  ...Array.from({ length: 14 }, (_, index) => `10.0.0.${index}`),
  ...Array.from({ length: 5 }, (_, index) => `fd00::${index + 1}`),
];

const endpoint: fc.Arbitrary<DesiredEndpoint> = fc
  .record(
    {
      address: fc.constantFrom(...addresses),
      ports: fc.constantFrom(...portSets),
      ready: fc.boolean(),
      drainUntil: fc.constantFrom(1_000, 2_000),
      zone: fc.constantFrom('a', 'b'),
      nodeName: fc.constantFrom('n1', 'n2'),
      hostname: fc.constantFrom('h1', 'h2'),
      labels: fc.constantFrom({ version: '1' }, { version: '2' }, { version: '2', tier: 'a' }),
      weight: fc.constantFrom(0, 100),
    },
    { requiredKeys: ['address', 'ports', 'ready'] },
  )
  .map((some) => (some.drainUntil === undefined ? some : { ...some, ready: false }));

const endpointsOnce = (some: fc.Arbitrary<DesiredEndpoint>): fc.Arbitrary<DesiredEndpoint[]> =>
  fc.uniqueArray(some, { maxLength: 30, selector: endpointId });

const wishOf = (endpoints: fc.Arbitrary<DesiredEndpoint[]>): fc.Arbitrary<SlicesWish> =>
  fc
    .record({
      endpoints,
      maxEndpoints: fc.constantFrom(1, 2, 3, 5, 100),
      families: fc.constantFrom<SlicesWish['families'][]>(
        ['IPv4'],
        ['IPv4', 'IPv6'],
        ['IPv6', 'IPv4'],
        ['IPv6'],
      ),
      headless: fc.boolean(),
      publishNotReadyAddresses: fc.boolean(),
      zoneHints: fc.boolean(),
      serviceLabels: fc.constantFrom({}, { app: 'web' }, { team: 'shop' }),
    })
    .map((some) => slicesWish(some));

const wish = wishOf(endpointsOnce(endpoint));

/** How many writes are made of a plan before the next wish: all, or fewer where a crash, a conflict or another leader comes between. */
const limit = fc.oneof(
  { weight: 3, arbitrary: fc.constant(Number.POSITIVE_INFINITY) },
  { weight: 1, arbitrary: fc.nat(4) },
);

/** Wishes one after the other: as they come, or most endpoints the same from one to the next. */
const history: fc.Arbitrary<(readonly [SlicesWish, number])[]> = fc.oneof(
  fc.array(fc.tuple(wish, limit), { minLength: 1, maxLength: 8 }),
  endpointsOnce(endpoint).chain((all) =>
    fc.array(fc.tuple(wishOf(fc.subarray(all, { minLength: Math.ceil(all.length / 2) })), limit), {
      minLength: 1,
      maxLength: 8,
    }),
  ),
);

/** What a history leaves; `check` is called after each wish that was fulfilled whole. */
function play(
  steps: readonly (readonly [SlicesWish, number])[],
  check: (store: SliceStore, wish: SlicesWish) => void = () => undefined,
): SliceStore {
  const store = new SliceStore();
  for (const [next, writes] of steps) {
    const all = store.apply(planSlices(next, store.slices), undefined, writes);
    if (all <= writes) {
      check(store, next);
    }
  }
  return store;
}

function published({ endpoints, families }: SlicesWish): readonly DesiredEndpoint[] {
  return endpoints.filter(({ address }) => families.includes(familyOf(address)));
}

function idsOf({ endpoints, ports }: EndpointSlice): readonly string[] {
  const own = (ports ?? []).map(({ name = '', port, protocol = 'TCP' }) => ({ name, port, protocol }));
  return (endpoints ?? []).flatMap(({ addresses: [address = ''] }) =>
    endpointId({ address, ports: own, ready: true }),
  );
}

describe('a plan for slices', () => {
  it('publishes every endpoint once, and nothing else', () => {
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, ({ slices }, next) => {
          expect(slices.flatMap(idsOf).sort()).toEqual(published(next).map(endpointId).sort());
        });
      }),
    );
  });

  it('publishes endpoints so that they are read back as they were', () => {
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, ({ slices }, next) => {
          const latest = new Map(
            slices.flatMap((slice) => idsOf(slice).map((id) => [id, latestIn(slice, next)])),
          );
          const expected = published(next).map(({ hostname, ...rest }) => ({
            ...rest,
            ...(hostname === undefined || !next.headless ? {} : { hostname }),
            ...(rest.drainUntil === undefined ? {} : { drainUntil: latest.get(endpointId(rest)) ?? 0 }),
          }));
          expect(byId(fromSlices(slices))).toEqual(byId(expected));
        });
      }),
    );
  });

  it('puts one address family, one port set and one set of labels into a slice, and never more than the limit', () => {
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, ({ slices }, next) => {
          for (const slice of slices) {
            expect(addressesOf(slice).length).toBeLessThanOrEqual(next.maxEndpoints);
            expect(
              new Set(addressesOf(slice).map(familyOf)).difference(new Set([slice.addressType])).size,
            ).toBe(0);
            const ids = new Set(idsOf(slice));
            const held = next.endpoints.filter((some) => ids.has(endpointId(some)));
            for (const { labels = {} } of held) {
              expect(slice.metadata.labels).toMatchObject(labels);
              expect(slice.metadata.annotations?.['etcd-endpoints.io/instance-labels']).toBe(
                Object.keys(labels).sort().join(',') || undefined,
              );
            }
          }
        });
      }),
    );
  });

  it('is empty once it is carried out', () => {
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, ({ slices }, next) => {
          expect(planSlices(next, slices)).toEqual({ creates: [], updates: [], deletes: [] });
        });
      }),
    );
  });

  it('leaves no alive address, and no port of it, out between two of its writes', () => {
    fc.assert(
      fc.property(history, wish, (steps, last) => {
        const store = new SliceStore();
        for (const [next, writes] of [...steps, [last, Number.POSITIVE_INFINITY] as const]) {
          const wanted = published(next).flatMap(({ address, ports }) => reachOfOne(address, ports));
          const alive = store.reachable.intersection(new Set(wanted));
          const seen = (): void => expect([...alive.difference(store.reachable)]).toEqual([]);
          store.apply(planSlices(next, store.slices), seen, writes);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('writes no slice twice', () => {
    fc.assert(
      fc.property(history, wish, (steps, last) => {
        const { creates, updates, deletes } = planSlices(last, play(steps).slices);
        const names = [...creates, ...updates, ...deletes].map(({ metadata }) => metadata.name);
        expect(names).toEqual([...new Set(names)]);
      }),
    );
  });

  it('is the same in whatever order the slices are listed', () => {
    fc.assert(
      fc.property(history, wish, fc.infiniteStream(fc.nat(1000)), (steps, last, keys) => {
        const { slices } = play(steps);
        const shuffled = slices
          .map((slice) => ({ slice, key: keys.next().value }))
          .sort((a, b) => a.key - b.key)
          .map(({ slice }) => slice);
        expect(planSlices(last, shuffled)).toEqual(planSlices(last, slices));
      }),
    );
  });

  it('gives every endpoint with a zone a hint, or none any', () => {
    fc.assert(
      fc.property(history, (steps) => {
        play(steps, ({ slices }, next) => {
          const all = slices.flatMap(({ endpoints }) => endpoints ?? []);
          const everyReadyHasZone = all.every(
            ({ conditions, zone }) => conditions?.ready === false || zone !== undefined,
          );
          for (const { hints, zone } of all) {
            const isHinted = next.zoneHints && everyReadyHasZone && zone !== undefined;
            expect(hints).toEqual(isHinted ? { forZones: [{ name: zone }] } : undefined);
          }
        });
      }),
    );
  });

  it('holds plain JSON alone', () => {
    fc.assert(
      fc.property(history, wish, (steps, last) => {
        const plan = planSlices(last, play(steps).slices);
        expect(plan).toStrictEqual(JSON.parse(JSON.stringify(plan)));
      }),
    );
  });
});

function byId(endpoints: readonly DesiredEndpoint[]): ReadonlyMap<string, DesiredEndpoint> {
  return new Map(endpoints.map((some) => [endpointId(some), some]));
}

/** The latest deadline among the wished endpoints that a slice holds. */
function latestIn(slice: EndpointSlice, { endpoints }: SlicesWish): number {
  const ids = new Set(idsOf(slice));
  return Math.max(
    ...endpoints.filter((some) => ids.has(endpointId(some))).map(({ drainUntil }) => drainUntil ?? 0),
  );
}
