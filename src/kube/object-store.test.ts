import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ObjectStore } from './object-store.ts';
import type { KubeObject } from './types.ts';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };

function object(name: string, resourceVersion: string, uid = 'u'): KubeObject {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop', uid, resourceVersion } };
}

describe('ObjectStore', () => {
  it('tells nothing of an object that comes again as it is', () => {
    const store = new ObjectStore<KubeObject>(silent);
    const told: unknown[] = [];
    store.onChange((before, after) => told.push([before, after]));
    store.put(object('web', '1'));
    store.put(object('web', '1'));
    expect(told).toEqual([[undefined, object('web', '1')]]);
  });

  it('tells an object that was deleted and made anew as one change', () => {
    const store = new ObjectStore<KubeObject>(silent);
    store.put(object('web', '1', 'old'));
    const told: unknown[] = [];
    store.onChange((before, after) => told.push([before?.metadata.uid, after?.metadata.uid]));
    store.put(object('web', '1', 'new'));
    expect(told).toEqual([['old', 'new']]);
  });

  it('tells an object that a list misses from one that was seen to go', () => {
    const store = new ObjectStore<KubeObject>(silent);
    store.put(object('a', '1'));
    store.put(object('b', '1'));
    const told: unknown[] = [];
    store.onChange((before, _after, isMissed) => told.push([before?.metadata.name, isMissed]));
    store.remove('shop/a');
    store.sweep(() => true);
    expect(told).toEqual([
      ['a', false],
      ['b', true],
    ]);
  });

  it('tells nothing to a listener that has left', () => {
    const store = new ObjectStore<KubeObject>(silent);
    const told: unknown[] = [];
    const leave = store.onChange((_before, after) => told.push(after));
    leave();
    store.put(object('web', '1'));
    expect(told).toEqual([]);
  });

  it('has its indexes right before it tells', () => {
    const store = new ObjectStore<KubeObject>(silent);
    const byVersion = store.index(({ metadata }) => [metadata.resourceVersion ?? '']);
    const found: number[] = [];
    store.onChange(() => found.push([...byVersion.get('1')].length));
    store.put(object('a', '1'));
    store.put(object('b', '1'));
    store.remove('shop/a');
    expect(found).toEqual([1, 2, 1]);
  });

  it('finds by any index exactly what a search of all objects finds', () => {
    const name = fc.constantFrom('a', 'b', 'c', 'd');
    const change = fc.oneof(
      fc.record({ put: name, version: fc.nat({ max: 5 }) }),
      fc.record({ remove: name }),
      fc.record({ keep: fc.array(name) }),
    );
    fc.assert(
      fc.property(fc.array(change), (changes) => {
        const store = new ObjectStore<KubeObject>(silent);
        const valuesOf = ({ metadata }: KubeObject): string[] => [...(metadata.resourceVersion ?? '')];
        const index = store.index(valuesOf);
        for (const next of changes) {
          if ('put' in next) {
            store.put(object(next.put, String(next.version)));
          } else if ('remove' in next) {
            store.remove(`shop/${next.remove}`);
          } else {
            store.sweep((key) => !next.keep.some((kept) => key === `shop/${kept}`));
          }
        }
        for (const value of ['0', '1', '2', '3', '4', '5']) {
          const searched = [...store.list()].filter((candidate) => valuesOf(candidate).includes(value));
          expect(new Set(index.get(value))).toEqual(new Set(searched));
        }
      }),
    );
  });
});
