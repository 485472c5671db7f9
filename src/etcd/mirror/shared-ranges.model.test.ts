import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../../test/kit/fake-clock.ts';
import { Follower, ModelEtcd } from '../../../test/kit/model-etcd.ts';
import { codeOf } from '../../errors.ts';
import { isWithin, keyOf, prefixRange, rangeHolds } from '../key.ts';
import type { Log } from '../log.ts';
import type { Change, Key, KeyRange, MirroredRange } from '../types.ts';
import { Mirror } from './mirror.ts';

const silent: Log = { debug() {}, info() {}, warn() {}, error() {} };

/** A service, another range that overlaps it, and an instance that lies in both: either may be ahead of the other. */
const crossing: readonly KeyRange[] = [
  prefixRange(keyOf('a/2/')),
  prefixRange(keyOf('a/2/x')),
  { start: keyOf('a/1/y'), end: keyOf('a/2/y') },
];

/** Beside these everything, a root, another service and an instance of it, a neighbour, and one more that overlaps others. */
const ranges: readonly KeyRange[] = [
  prefixRange(keyOf('')),
  prefixRange(keyOf('a/')),
  prefixRange(keyOf('a/1/')),
  prefixRange(keyOf('a/1/x')),
  prefixRange(keyOf('b/')),
  { start: keyOf('a/2/y'), end: '\0' as Key },
  ...crossing,
];

const keys = ['a/1/x', 'a/1/xx', 'a/1/y', 'a/2/x', 'a/2/y', 'a/3', 'b/1', 'c'];

type Content = ReadonlyMap<string, string>;

function contentOf(etcd: ModelEtcd, range: KeyRange, revision?: number): Content {
  const entries = [...etcd.content(revision)].filter(([key]) => rangeHolds(range, key as Key));
  return new Map(entries.map(([key, { value, revision: at, lease }]) => [key, `${value}@${at}/${lease}`]));
}

/** Holds all that it is told against etcd's history at once. */
class Witness extends Follower {
  readonly range: MirroredRange;
  readonly #etcd: ModelEtcd;
  readonly #told = new Map<Key, number>();
  /** The code of the failure that this one knows of. */
  failure: string | undefined;
  /** When this one asked for a comparison. */
  asked = 0;

  constructor(mirror: Mirror, etcd: ModelEtcd, range: KeyRange) {
    super();
    this.#etcd = etcd;
    this.range = mirror.follow(range, this);
    this.failure = codeOf(this.range.failure?.error);
  }

  override changed(changes: readonly Change[]): void {
    super.changed(changes);
    for (const { key, revision } of changes) {
      if (revision <= (this.#told.get(key) ?? 0)) {
        this.faults.push(`told ${key} at ${revision} after ${this.#told.get(key)}`);
      }
      this.#told.set(key, revision);
    }
    this.look('when told of changes');
  }

  override synced(): void {
    super.synced();
    this.look('when synced');
  }

  override failureChanged(): void {
    super.failureChanged();
    const failure = codeOf(this.range.failure?.error);
    if (failure === this.failure) {
      this.faults.push(`told again of ${failure}`);
    }
    this.failure = failure;
  }

  confirm(now: number): void {
    this.asked = now;
    this.range.confirm();
  }

  /** What has been told, and what is shown, is what etcd had at the revision that is shown. */
  look(when: string): void {
    expect(codeOf(this.range.failure?.error), `${when}: the failure of ${this.range.range.start}`).toBe(
      this.failure,
    );
    if (!this.range.synced) {
      return;
    }
    const { range, revision, registrations } = this.range;
    const truth = contentOf(this.#etcd, range, revision);
    expect(this.content, `${when}: what was told of ${range.start}`).toEqual(truth);
    expect(new Set(registrations.keys()), when).toEqual(new Set(truth.keys()));
    expect(registrations.size, when).toBe(truth.size);
  }
}

interface World {
  readonly etcd: ModelEtcd;
  readonly clock: FakeClock;
  readonly mirror: Mirror;
  readonly witnesses: Set<Witness>;
  /** Those that have been released. */
  readonly gone: Set<Witness>;
}

interface Step {
  readonly name: string;
  run(world: World): void | Promise<void>;
}

function steps<T>(
  weight: number,
  name: string,
  from: fc.Arbitrary<T>,
  run: (world: World, of: T) => void | Promise<void>,
) {
  const arbitrary = from.map(
    (of): Step => ({ name: `${name} ${JSON.stringify(of)}`, run: (world) => run(world, of) }),
  );
  return { weight, arbitrary };
}

const writeAmong = (some: readonly string[]) =>
  fc.uniqueArray(
    fc.record({
      key: fc.constantFrom(...some),
      value: fc.option(fc.constantFrom('x', 'y'), { nil: undefined }),
    }),
    { selector: ({ key }) => key, minLength: 1, maxLength: Math.min(3, some.length) },
  );

/** A range, and writes to keys in it. */
const concernsOne = (some: readonly KeyRange[], written: readonly string[]) =>
  fc.constantFrom(...some).chain(({ start, end }) => {
    const writes = writeAmong(written.filter((key) => rangeHolds({ start, end }, key as Key)));
    return fc.record({ start: fc.constant(start), writes });
  });

function release({ witnesses, gone }: World, leaving: readonly Witness[]): void {
  for (const witness of leaving) {
    witness.range.release();
    witnesses.delete(witness);
    gone.add(witness);
  }
}

/** Those who follow these ranges come and go, and etcd is written to. */
function calm(some: readonly KeyRange[], written: readonly string[]) {
  return [
    steps(6, 'follow', fc.constantFrom(...some), ({ mirror, etcd, witnesses }, range) => {
      witnesses.add(new Witness(mirror, etcd, range));
    }),
    steps(1, 'release', fc.nat(7), (world, at) => release(world, [...world.witnesses].slice(at, at + 1))),
    steps(4, 'release all of', fc.constantFrom(...some), (world, range) => {
      release(
        world,
        [...world.witnesses].filter((witness) => witness.range.range.start === range.start),
      );
    }),
    steps(4, 'write', writeAmong(written), ({ etcd }, writes) => etcd.write(writes)),
    steps(3, 'flow', fc.integer({ min: 1, max: 3 }), ({ etcd }, most) => etcd.flow(most)),
    // Watches need not be equally far: the one that is told alone is ahead of the others.
    steps(9, 'write, and tell one', concernsOne(some, written), ({ etcd }, { start, writes }) => {
      etcd.write(writes);
      etcd.flow(100, start);
    }),
    steps(3, 'turns', fc.integer({ min: 1, max: 6 }), (_, count) => turns(count)),
    steps(4, 'wait', fc.constantFrom(10, 500, 6_000), async ({ etcd, clock }, ms) => {
      // In small parts: no event is under way for seconds.
      for (let waited = 0; waited < ms; waited += 500) {
        etcd.flow(100);
        clock.advance(Math.min(500, ms));
        await turns(4);
      }
    }),
  ];
}

/** What etcd and those who look after the ranges can do beside that. */
function trouble(some: readonly KeyRange[]) {
  return [
    steps(2, 'cut', fc.constant(0), ({ etcd }) => etcd.cut()),
    steps(2, 'compact', fc.constant(0), ({ etcd }) => etcd.compact()),
    steps(1, 'away', fc.boolean(), ({ etcd }, away) => {
      etcd.away = away;
      etcd.cut();
    }),
    steps(2, 'permission', fc.constantFrom(...some), ({ etcd }, { start }) => {
      etcd.refused.has(start) ? etcd.refused.delete(start) : etcd.refused.add(start);
      // A watch that stands is not taken back.
      etcd.cut();
    }),
    steps(2, 'refresh', fc.nat(7), ({ witnesses }, at) => {
      [...witnesses][at]?.range.refresh().catch(() => undefined);
    }),
    steps(1, 'confirm', fc.nat(7), ({ witnesses, clock }, at) => {
      [...witnesses][at]?.confirm(clock.monotonic());
    }),
  ];
}

/** The ranges that lie in no other one that is followed. */
function outermost(witnesses: Iterable<Witness>): ReadonlySet<string> {
  const followed = Array.from(witnesses, ({ range }) => range.range);
  const inner = followed.filter((range) =>
    followed.some((other) => isWithin(range, other) && !isWithin(other, range)),
  );
  return new Set(followed.filter((range) => !inner.includes(range)).map(({ start }) => start));
}

async function heal({ etcd, clock }: World): Promise<void> {
  etcd.away = false;
  etcd.refused.clear();
  for (let round = 0; round < 40; round += 1) {
    // Every range hears of something, and with it of the revision that it has reached.
    etcd.write(keys.map((key) => ({ key, value: String(round) })));
    etcd.flow(100);
    clock.advance(2_000);
    await turns(8);
  }
}

describe('ranges that lie within each other, against a model of etcd', () => {
  it.each([
    { shape: 'however they nest', numRuns: 100, step: fc.oneof(...calm(ranges, keys), ...trouble(ranges)) },
    { shape: 'in two that cross', numRuns: 300, step: fc.oneof(...calm(crossing, ['a/2/x'])) },
  ])(
    'are each told what etcd held, in order and nothing twice, as they and those around them come and go: $shape',
    async ({ step, numRuns }) => {
      const history = fc.array(step, { minLength: 5, maxLength: 40 });
      await fc.assert(
        fc.asyncProperty(fc.boolean(), history, async (readsTogether, all) => {
          const [etcd, clock] = [new ModelEtcd({ readsTogether }), new FakeClock()];
          const observer = { driftFound: () => expect.unreachable('watches alone keep the mirror exact') };
          const mirror = new Mirror(etcd.client, { clock, log: silent, random: () => 0.5, observer });
          // Lists of several pages: others get ahead meanwhile.
          etcd.write(keys.map((key) => ({ key, value: 'x' })));
          const world: World = { etcd, clock, mirror, witnesses: new Set(), gone: new Set() };
          for (const each of all) {
            await each.run(world);
            await turns(1);
            for (const witness of world.witnesses) {
              witness.look(`after ${each.name}`);
            }
          }
          await heal(world);
          for (const witness of [...world.witnesses, ...world.gone]) {
            expect(witness.faults).toEqual([]);
          }
          for (const witness of world.witnesses) {
            expect(witness.syncs).toBe(1);
            expect(witness.content).toEqual(contentOf(etcd, witness.range.range));
            expect(witness.range.failure).toBeUndefined();
            expect(witness.failure, 'each failure ends').toBeUndefined();
            expect(witness.range.confirmedAt).toBeGreaterThanOrEqual(witness.asked);
          }
          expect([...etcd.watched].sort()).toEqual([...outermost(world.witnesses)].sort());
          expect(mirror.stats()).toMatchObject({ watches: etcd.watched.length, unlisted: 0, refusals: [] });
          await mirror.close();
          expect(clock.pending).toBe(0);
        }),
        { numRuns },
      );
    },
    120_000,
  );
});
