import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KeyedHeap } from './keyed-heap.ts';

const keys = Array.from({ length: 10 }, (_, key) => key);

const operation = fc.oneof(
  fc.record({ kind: fc.constant('set' as const), key: fc.constantFrom(...keys), rank: fc.integer() }),
  fc.record({ kind: fc.constant('delete' as const), key: fc.constantFrom(...keys) }),
  fc.record({ kind: fc.constant('pop' as const) }),
);

/** Does the same to the heap and to a map that is searched every time. */
function apply(
  step: typeof operation extends fc.Arbitrary<infer Step> ? Step : never,
  heap: KeyedHeap<number, number>,
  model: Map<number, number>,
): void {
  if (step.kind === 'set') {
    heap.set(step.key, step.rank);
    model.set(step.key, step.rank);
    return;
  }
  if (step.kind === 'delete') {
    heap.delete(step.key);
    model.delete(step.key);
    return;
  }
  const least = Math.min(...model.values());
  const first = heap.pop();
  if (first === undefined) {
    expect(model.size).toBe(0);
    return;
  }
  expect(first.rank).toBe(least);
  expect(model.get(first.key)).toBe(least);
  model.delete(first.key);
}

describe('a keyed heap', () => {
  it('holds each key once, at its last rank, and gives the first out first', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 200 }), (operations) => {
        const heap = new KeyedHeap<number, number>((a, b) => a < b);
        const model = new Map<number, number>();
        for (const step of operations) {
          apply(step, heap, model);
          expect(heap.size).toBe(model.size);
          expect(keys.map((key) => heap.get(key))).toEqual(keys.map((key) => model.get(key)));
        }
      }),
    );
  });

  it('is empty after it has been cleared', () => {
    const heap = new KeyedHeap<string, number>((a, b) => a < b);
    heap.set('a', 1);
    heap.clear();
    expect([heap.size, heap.has('a'), heap.peek(), heap.pop()]).toEqual([0, false, undefined, undefined]);
  });
});
