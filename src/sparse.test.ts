import fc from 'fast-check';
import { expect, it } from 'vitest';
import { heapOfEach } from '../test/kit/heap.ts';
import { SparseMap, SparseSet } from './sparse.ts';

const few = fc.integer({ min: 0, max: 3 });
const steps = fc.array(fc.record({ does: fc.constantFrom('put', 'delete', 'clear'), value: few }));

it('is a set, whatever is added and taken out', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const [sparse, plain] = [new SparseSet<number>(), new Set<number>()];
      for (const { does, value } of taken) {
        if (does === 'put') {
          sparse.add(value);
          plain.add(value);
        } else if (does === 'delete') {
          expect(sparse.delete(value)).toBe(plain.delete(value));
        } else {
          sparse.clear();
          plain.clear();
        }
        expect([...sparse]).toEqual([...plain]);
        expect(sparse.size).toBe(plain.size);
        expect(sparse.has(value)).toBe(plain.has(value));
      }
    }),
  );
});

it('is a map, whatever is set and deleted', () => {
  fc.assert(
    fc.property(steps, (taken) => {
      const [sparse, plain] = [new SparseMap<number, number>(), new Map<number, number>()];
      for (const [index, { does, value }] of taken.entries()) {
        if (does === 'put') {
          sparse.set(value, index);
          plain.set(value, index);
        } else if (does === 'delete') {
          sparse.delete(value);
          plain.delete(value);
        } else {
          sparse.clear();
          plain.clear();
        }
        expect([...sparse.keys()]).toEqual([...plain.keys()]);
        expect(sparse.size).toBe(plain.size);
        expect(sparse.get(value)).toBe(plain.get(value));
        expect(sparse.has(value)).toBe(plain.has(value));
      }
    }),
  );
});

it('goes on over a set whose last value is taken out meanwhile', () => {
  const sparse = new SparseSet<number>();
  sparse.add(1);
  for (const value of sparse) {
    sparse.delete(value);
    sparse.add(2);
  }
  expect([...sparse]).toEqual([2]);
});

it('takes at most 48 bytes where it is empty, also where it was not', () => {
  const each = heapOfEach(20_000, () => {
    const [set, map] = [new SparseSet<number>(), new SparseMap<number, number>()];
    set.add(1);
    set.delete(1);
    map.set(1, 1);
    map.delete(1);
    return [set, map];
  });
  // Two of them, and the array that holds both.
  expect(each).toBeLessThan(2 * 48 + 64);
});
