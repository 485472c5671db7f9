import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseHold, showHold, startHold } from './hold.ts';

const start = {
  scope: 'Registry',
  loss: { lost: 312, stood: 900 },
  holdMs: 300_000,
  now: Date.UTC(2026, 0, 1, 2, 47, 11, 500),
  random: () => 0.5,
} as const;

describe('a hold', () => {
  it('begins and ends at whole seconds, as conditions keep them', () => {
    expect(startHold(start)).toMatchObject({
      startedAt: Date.UTC(2026, 0, 1, 2, 47, 11),
      until: Date.UTC(2026, 0, 1, 2, 52, 11),
    });
  });

  it('has an id that can be typed', () => {
    for (const random of [() => 0, () => 0.999_999, Math.random]) {
      expect(startHold({ ...start, random }).id).toMatch(/^[a-z0-9]{6}$/);
    }
  });

  it('says its id, its end and its numbers', () => {
    expect(showHold(startHold(start), 3)).toBe(
      'Hold ssssss until 2026-01-01T02:52:11Z: 312 of 900 instances of the registry vanished from etcd; 3 of this service stay published',
    );
  });

  it('is read back from what it says', () => {
    const hold = fc.record({
      scope: fc.constantFrom('Registry' as const, 'Service' as const),
      loss: fc.record({ lost: fc.nat(), stood: fc.nat() }),
      holdMs: fc.integer({ min: 1000, max: 86_400_000 }),
      now: fc.integer({ min: 0, max: 4_000_000_000_000 }),
      random: fc.constant(Math.random),
    });
    fc.assert(
      fc.property(hold, fc.nat(), (input, held) => {
        const begun = startHold(input);
        expect(parseHold(showHold(begun, held), begun.startedAt)).toEqual({ ...begun, held });
      }),
    );
  });

  it.each(['', 'Nothing is held', 'Hold x until tomorrow: 1 of 2 instances of the registry vanished'])(
    'is not read from %j',
    (text) => {
      expect(parseHold(text, 0)).toBeUndefined();
    },
  );
});
