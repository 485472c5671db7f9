import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../../test/kit/fake-clock.ts';
import { Follower, ModelEtcd } from '../../../test/kit/model-etcd.ts';
import { keyOf, prefixRange } from '../key.ts';
import type { Log } from '../log.ts';
import { Mirror } from './mirror.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** Some lie within others, and they are followed in any order. */
const prefixes = fc.shuffledSubarray(['', 'a/', 'a/1', 'b/'], { minLength: 1 });

const write = fc.array(
  fc.record({
    key: fc.constantFrom('a/1', 'a/2', 'a/3', 'b/1', 'c/1'),
    value: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
  }),
  { minLength: 1, maxLength: 3 },
);

interface Step {
  readonly name: 'write' | 'flow' | 'wait' | 'cut' | 'compact' | 'restore' | 'away';
  run(etcd: ModelEtcd, clock: FakeClock): void | Promise<void>;
}

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: write.map((writes): Step => ({ name: 'write', run: (etcd) => etcd.write(distinct(writes)) })),
  },
  {
    weight: 6,
    arbitrary: fc
      .integer({ min: 1, max: 3 })
      .map((most): Step => ({ name: 'flow', run: (etcd) => etcd.flow(most) })),
  },
  {
    weight: 4,
    arbitrary: fc.constantFrom(10, 100, 1_000, 6_000).map(
      (ms): Step => ({
        name: 'wait',
        run: async (etcd, clock) => {
          // In small parts: no event is under way for seconds.
          for (let waited = 0; waited < ms; waited += 500) {
            etcd.flow(100);
            clock.advance(Math.min(500, ms));
            await turns(4);
          }
        },
      }),
    ),
  },
  { weight: 3, arbitrary: fc.constant<Step>({ name: 'cut', run: (etcd) => etcd.cut() }) },
  { weight: 2, arbitrary: fc.constant<Step>({ name: 'compact', run: (etcd) => etcd.compact() }) },
  {
    weight: 1,
    arbitrary: fc
      .tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 8 }))
      .map(([back, ahead]): Step => ({ name: 'restore', run: (etcd) => etcd.restore(back, ahead) })),
  },
  {
    weight: 1,
    arbitrary: fc.boolean().map(
      (away): Step => ({
        name: 'away',
        run: (etcd) => {
          etcd.away = away;
          etcd.cut();
        },
      }),
    ),
  },
);

/** A transaction writes a key once. */
function distinct<T extends { readonly key: string }>(writes: readonly T[]): readonly T[] {
  return [...new Map(writes.map((each) => [each.key, each])).values()];
}

function contentOf(etcd: ModelEtcd, prefix: string): Map<string, string> {
  const entries = [...etcd.content()].filter(([key]) => key.startsWith(prefix));
  return new Map(entries.map(([key, { value, revision, lease }]) => [key, `${value}@${revision}/${lease}`]));
}

describe('the mirror, against a model of etcd', () => {
  it('equals etcd after whatever has happened, and has told nothing twice and nothing untrue', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.boolean(),
        prefixes,
        fc.array(step, { maxLength: 50 }),
        async (readsTogether, followed, steps) => {
          const [etcd, clock] = [new ModelEtcd({ readsTogether }), new FakeClock()];
          let drifts = 0;
          const observer = {
            driftFound: () => {
              drifts += 1;
            },
          };
          const mirror = new Mirror(etcd.client, { clock, log: silent, random: () => 0.5, observer });
          const followers = followed.map((prefix) => {
            const follower = new Follower();
            return { prefix, follower, range: mirror.follow(prefixRange(keyOf(prefix)), follower) };
          });
          for (const each of steps) {
            await each.run(etcd, clock);
            await turns(1);
          }
          etcd.away = false;
          for (let round = 0; round < 20; round += 1) {
            etcd.flow(10);
            clock.advance(2_000);
            await turns(10);
          }
          for (const { prefix, follower, range } of followers) {
            expect(follower.faults).toEqual([]);
            expect(follower.syncs).toBe(1);
            expect(follower.content).toEqual(contentOf(etcd, prefix));
            expect(new Set(range.registrations.keys())).toEqual(new Set(follower.content.keys()));
            expect(range.failure).toBeUndefined();
            expect(follower.failureChanges % 2, 'each failure ends').toBe(0);
          }
          expect(mirror.connection.connected).toBe(true);
          if (!steps.some(({ name }) => name === 'restore')) {
            expect(drifts, 'watches alone keep the mirror exact').toBe(0);
          }
          await mirror.close();
          expect(clock.pending).toBe(0);
        },
      ),
      { numRuns: 500 },
    );
  }, 60_000);
});
