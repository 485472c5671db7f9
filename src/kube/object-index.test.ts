import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ObjectIndex } from './object-index.ts';
import type { KubeObject } from './types.ts';

interface Labelled extends KubeObject {
  readonly values: readonly string[];
}

const object = (name: string, values: readonly string[]): Labelled => ({
  apiVersion: 'v1',
  kind: 'Thing',
  metadata: { namespace: 'shop', name },
  values,
});

const change = fc.record({
  name: fc.constantFrom('a', 'b', 'c'),
  values: fc.option(fc.uniqueArray(fc.constantFrom('x', 'y', 'z')), { nil: undefined }),
});

it('finds the objects of each value as they are now, one or several, whatever changes', () => {
  fc.assert(
    fc.property(fc.array(change), (changes) => {
      const index = new ObjectIndex<Labelled>(({ values }) => values);
      const standing = new Map<string, Labelled>();
      for (const { name, values } of changes) {
        const after = values && object(name, values);
        index.change(standing.get(name), after);
        if (after === undefined) {
          standing.delete(name);
        } else {
          standing.set(name, after);
        }
        for (const value of ['x', 'y', 'z']) {
          const having = [...standing.values()].filter((one) => one.values.includes(value));
          expect(new Set(index.get(value))).toEqual(new Set(having));
          expect([...index.get(value)]).toHaveLength(having.length);
        }
      }
    }),
  );
});
