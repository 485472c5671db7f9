import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MostReady } from './most-ready.ts';

describe('the most ready endpoints of a window', () => {
  it('are those of the moment before anything else is known', () => {
    const most = new MostReady();
    expect(most.most(0)).toBe(0);
    most.add(3, 10);
    expect(most.most(1000)).toBe(3);
  });

  it('are lowered by what went by statement', () => {
    const most = new MostReady();
    most.add(10, 0);
    most.lower(7);
    most.add(3, 1);
    expect(most.most(0)).toBe(3);
    most.lower(5);
    expect(most.most(0)).toBe(0);
  });

  it('are those of every sample that stood at some moment of it', () => {
    const steps = fc.array(fc.record({ ready: fc.nat(9), lasts: fc.integer({ min: 1, max: 5 }) }), {
      minLength: 1,
      maxLength: 30,
    });
    fc.assert(
      fc.property(steps, fc.nat(20), (history, window) => {
        const most = new MostReady();
        const seen: { ready: number; until: number }[] = [];
        let now = 0;
        for (const { ready, lasts } of history) {
          most.add(ready, now);
          const stood = seen.filter(({ until }) => until >= now - window).map((sample) => sample.ready);
          expect(most.most(now - window)).toBe(Math.max(ready, ...stood));
          now += lasts;
          seen.push({ ready, until: now });
        }
      }),
    );
  });
});
