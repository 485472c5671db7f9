import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AgedMap } from './aged-map.ts';

type Step = readonly ['set' | 'set anew' | 'delete' | 'delete oldest' | 'clear', string];

const step: fc.Arbitrary<Step> = fc.tuple(
  fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom('set', 'set anew') },
    { weight: 4, arbitrary: fc.constantFrom('delete', 'delete oldest') },
    { weight: 1, arbitrary: fc.constant('clear') },
  ),
  fc.nat(300).map(String),
);

function take(map: Map<string, number>, [what, key]: Step): void {
  if (what === 'clear') {
    map.clear();
  } else if (what === 'delete' || what === 'set anew') {
    map.delete(key);
  } else if (what === 'delete oldest') {
    const [oldest] = map.keys();
    map.delete(oldest ?? '');
  }
  if (what === 'set' || what === 'set anew') {
    map.set(key, map.size);
  }
}

it('names the entry that was set first of those that are there, whatever has been set and deleted', () => {
  fc.assert(
    fc.property(
      fc.array(step, { maxLength: 80 }),
      fc.array(fc.boolean(), { minLength: 80 }),
      (steps, looks) => {
        const aged = new AgedMap<string, number>();
        const plain = new Map<string, number>();
        for (const [index, one] of steps.entries()) {
          take(aged, one);
          take(plain, one);
          if (looks[index] === true) {
            const [first] = plain.keys();
            expect(aged.oldest).toBe(first);
          }
        }
        expect([...aged]).toEqual([...plain]);
      },
    ),
    { numRuns: 1000 },
  );
});

it('takes no longer for the oldest of 20 000 that go one by one than for the oldest of 1000', () => {
  const each = (count: number): number => {
    const map = new AgedMap<string, number>();
    for (let index = 0; index < count; index += 1) {
      map.set(`${index}`, index);
    }
    const rounds = 200_000;
    const before = process.cpuUsage().user;
    for (let index = count; index < count + rounds; index += 1) {
      map.takeOldest();
      map.set(`${index}`, index);
    }
    expect(map.oldest).toBe(`${rounds}`);
    return (process.cpuUsage().user - before) / rounds;
  };
  each(1000);
  // Gone through from its first place each time, the large one takes twelve times as long.
  expect(each(20_000)).toBeLessThan(5 * each(1000));
});
