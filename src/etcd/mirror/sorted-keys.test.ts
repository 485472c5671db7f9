import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keyOf, rangeHolds } from '../key.ts';
import type { Key, KeyRange } from '../types.ts';
import { SortedKeys } from './sorted-keys.ts';

const key = fc.string({ unit: fc.constantFrom('a', 'b', '/', 'ÿ'), minLength: 1, maxLength: 6 }).map(keyOf);

/** Also empty ones, and those up to the last key. */
const range: fc.Arbitrary<KeyRange> = fc.record({
  start: key,
  end: fc.oneof(key, fc.constant('\0' as Key)),
});

const change = fc.record({ isAdded: fc.boolean(), key });

it('finds the keys of any range in their order, whatever has been added and deleted', () => {
  fc.assert(
    fc.property(fc.array(key), fc.array(change), range, (first, changes, looked) => {
      const plain = new Set(first);
      const sorted = new SortedKeys(plain);
      for (const { isAdded, key: changed } of changes) {
        if (isAdded && !plain.has(changed)) {
          plain.add(changed);
          sorted.add(changed);
        } else if (!isAdded) {
          plain.delete(changed);
          sorted.delete(changed);
        }
      }
      const expected = [...plain].filter((each) => rangeHolds(looked, each)).sort();
      expect([...sorted.within(looked)]).toEqual(expected);
    }),
    { numRuns: 1000 },
  );
});

it('keeps thousands of keys in order as they come in any order, and go again', () => {
  const all = Array.from({ length: 5_000 }, (_, index) =>
    keyOf(`k/${String((index * 7919) % 5_000).padStart(4, '0')}`),
  );
  const sorted = new SortedKeys([]);
  for (const each of all) {
    sorted.add(each);
  }
  const whole = { start: keyOf('k/'), end: keyOf('k0') };
  expect([...sorted.within(whole)]).toEqual([...all].sort());
  expect([...sorted.within({ start: keyOf('k/1000'), end: keyOf('k/1003') })]).toEqual([
    'k/1000',
    'k/1001',
    'k/1002',
  ]);
  for (const each of all.slice(0, 4_990)) {
    sorted.delete(each);
  }
  expect([...sorted.within(whole)]).toEqual(all.slice(4_990).sort());
});
