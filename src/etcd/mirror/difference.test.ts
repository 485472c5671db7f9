import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../bytes.ts';
import { keyOf } from '../key.ts';
import type { Change, Key, Registration } from '../types.ts';
import { applyChanges, differences } from './difference.ts';

const registration = fc
  .record({
    key: fc.constantFrom('a', 'b', 'c', 'd').map(keyOf),
    value: fc.constantFrom('', 'x', 'y').map(bytesOf),
    createRevision: fc.integer({ min: 1, max: 3 }),
    modRevision: fc.integer({ min: 1, max: 3 }),
    lease: fc.constantFrom('0', '7'),
  })
  .map((found): Registration => found);

const content = fc
  .array(registration)
  .map((all) => new Map<Key, Registration>(all.map((each) => [each.key, each])));

describe('differences', () => {
  it('lead from any mirror to any list, and name a key only where it truly differs', () => {
    fc.assert(
      fc.property(content, content, (mirror, listed) => {
        const before = new Map(mirror);
        const changes = differences(mirror, listed, 9);
        expect(applyChanges(mirror, changes)).toEqual(changes);
        expect(mirror).toEqual(listed);
        for (const { key } of changes) {
          expect(before.get(key)).not.toEqual(listed.get(key));
        }
      }),
    );
  });

  it('are none between equal contents', () => {
    fc.assert(
      fc.property(content, (mirror) => {
        expect(differences(mirror, new Map(mirror), 9)).toEqual([]);
      }),
    );
  });

  it('show a restored cluster whose key has the same revisions again and another value', () => {
    const [ours, theirs] = ['x', 'y'].map((text) => ({
      key: keyOf('a'),
      value: bytesOf(text),
      createRevision: 1,
      modRevision: 1,
      lease: '0',
    })) as [Registration, Registration];
    const found = differences(new Map([[ours.key, ours]]), new Map([[theirs.key, theirs]]), 9);
    expect(found).toEqual([{ key: ours.key, registration: theirs, revision: 9 }]);
  });
});

describe('applying changes', () => {
  const put = (key: string, modRevision: number): Change => ({
    key: keyOf(key),
    registration: { key: keyOf(key), value: bytesOf('v'), createRevision: 1, modRevision, lease: '0' },
    revision: modRevision,
  });
  const gone = (key: string, revision: number): Change => ({
    key: keyOf(key),
    registration: undefined,
    revision,
  });

  it('keeps what is news and drops what is told twice, and deletes of what is not there', () => {
    const mirror = new Map<Key, Registration>();
    const changes = [put('a', 2), put('a', 2), gone('b', 3), put('a', 4), gone('a', 5), gone('a', 5)];
    expect(applyChanges(mirror, changes)).toEqual([put('a', 2), put('a', 4), gone('a', 5)]);
    expect(mirror.size).toBe(0);
  });
});
