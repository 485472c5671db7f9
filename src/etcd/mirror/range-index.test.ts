import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isWithin, keyOf, prefixRange, rangeHolds } from '../key.ts';
import type { Key, KeyRange } from '../types.ts';
import { RangeIndex } from './range-index.ts';

interface Item {
  readonly range: KeyRange;
}

const key = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 }).map(keyOf);

/** Nested, overlapping and disjoint ones; some up to the last key. */
const range: fc.Arbitrary<KeyRange> = fc.oneof(
  key.map(prefixRange),
  fc
    .tuple(key, key)
    .filter(([a, b]) => a !== b)
    .map(([a, b]) => (a < b ? { start: a, end: b } : { start: b, end: a })),
  key.map((start) => ({ start, end: '\0' as Key })),
);

describe('an index of ranges', () => {
  it('finds what holds a key and what lies within a range, however ranges overlap, as they come and go', () => {
    fc.assert(
      fc.property(
        fc.array(range, { maxLength: 12 }),
        fc.array(fc.nat(11)),
        key,
        range,
        (ranges, gone, sought, wide) => {
          const items: Item[] = ranges.map((each) => ({ range: each }));
          const index = new RangeIndex<Item>();
          for (const item of items) {
            index.add(item);
          }
          const deleted = new Set(gone.flatMap((at) => items[at] ?? []));
          for (const item of deleted) {
            index.delete(item);
          }
          const left = items.filter((item) => !deleted.has(item));
          expect(new Set(index.at(sought))).toEqual(
            new Set(left.filter((item) => rangeHolds(item.range, sought))),
          );
          const within = index.within(wide);
          expect(new Set(within)).toEqual(new Set(left.filter((item) => isWithin(item.range, wide))));
          for (const [place, item] of within.entries()) {
            const later = within
              .slice(place + 1)
              .filter((other) => !isWithin(item.range, other.range) || isWithin(other.range, item.range));
            expect(later, 'a wider one comes first').toHaveLength(within.length - place - 1);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('is as small as the ranges that it holds', () => {
    const items = Array.from({ length: 100 }, (_, at) => ({ range: prefixRange(keyOf(`${at}/`)) }));
    const index = new RangeIndex<Item>();
    for (const item of items) {
      index.add(item);
    }
    expect(index.size).toBeLessThanOrEqual(201);
    for (const item of items) {
      index.delete(item);
    }
    expect(index.size).toBe(1);
  });
});
