import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../bytes.ts';
import { keyOf } from '../key.ts';
import type { Registration } from '../types.ts';
import { candidateOf, obstaclesFor, positionOf, standingsOf } from './standings.ts';

const name = '/elections/x';

function registration(key: string, createRevision: number, lease = '5', value = 'pod'): Registration {
  return {
    key: keyOf(key),
    value: bytesOf(value),
    createRevision,
    modRevision: createRevision,
    lease,
  };
}

describe('the standings of an election', () => {
  it('are in the order of creation, whatever the order of the keys', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: 1e6 }), { minLength: 1 }), (revisions) => {
        const keys = revisions.map((revision, index) =>
          registration(`${name}/${index.toString(16)}`, revision),
        );
        const { candidates } = standingsOf(name, keys);

        expect(candidates.map(({ createRevision }) => createRevision)).toEqual(
          revisions.toSorted((a, b) => a - b),
        );
        const leading = keys
          .map(candidateOf)
          .filter((own) => positionOf(own, { candidates, obstacles: [] }) === 'first');
        expect(leading).toHaveLength(1);
      }),
    );
  });

  it.each([
    ['deleted', []],
    ['made again under the same lease', [registration(`${name}/a`, 9)]],
    ['put by somebody without its lease', [registration(`${name}/a`, 3, '0')]],
    ['under another lease', [registration(`${name}/a`, 3, '6')]],
  ])('hold no candidate whose key is %s', (_, found) => {
    const own = candidateOf(registration(`${name}/a`, 3));

    expect(positionOf(own, standingsOf(name, found))).toBe('gone');
  });

  it('let everybody wait for a key without a lease, and tell of it', () => {
    const stray = registration(`${name}/ff`, 2, '0');
    const own = registration(`${name}/a`, 3);
    const standings = standingsOf(name, [own, stray]);

    expect(positionOf(candidateOf(own), standings)).toBe('behind');
    expect(obstaclesFor(candidateOf(own), standings)).toEqual([{ key: stray.key, kind: 'without-lease' }]);
  });

  it.each(['deeper/ff', 'FF', 'x', ''])(
    'pass by a key that is no candidate’s (%s), and tell of it',
    (rest) => {
      const stray = registration(`${name}/${rest}`, 2);
      const own = registration(`${name}/a`, 3);
      const standings = standingsOf(name, [own, stray]);

      expect(positionOf(candidateOf(own), standings)).toBe('first');
      expect(obstaclesFor(candidateOf(own), standings)).toEqual([{ key: stray.key, kind: 'foreign-name' }]);
    },
  );

  it('tell a candidate of a later one with its identity, not of an earlier one, which may be its own from before', () => {
    const [early, late] = [registration(`${name}/a`, 3), registration(`${name}/b`, 4)];
    const standings = standingsOf(name, [early, late]);

    expect(obstaclesFor(candidateOf(early), standings)).toEqual([{ key: late.key, kind: 'same-identity' }]);
    expect(obstaclesFor(candidateOf(late), standings)).toEqual([]);
  });
});
