import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { elapsedMs, type Moment, momentOf } from '../../clock.ts';
import { patienceMs, phaseOf, remainingMs, untilOverdueMs } from './lease-deadline.ts';

const ttlMs = 15_000;

describe('the deadline of a lease', () => {
  it('counts from when the acknowledged keepalive was sent', () => {
    const clock = new FakeClock();
    const hold = { sent: momentOf(clock), ttlMs };

    clock.advance(4_000);

    expect(remainingMs(hold, momentOf(clock))).toBe(11_000);
    expect(untilOverdueMs(hold, momentOf(clock))).toBe(6_000);
  });

  it('is held, overdue from two thirds of the TTL on, and over at the TTL', () => {
    const clock = new FakeClock();
    const hold = { sent: momentOf(clock), ttlMs };
    const phaseAfter = (byMs: number): string => {
      clock.advance(byMs);
      return phaseOf(hold, momentOf(clock));
    };

    expect(phaseAfter(9_999)).toBe('held');
    expect(phaseAfter(1)).toBe('overdue');
    expect(phaseAfter(4_999)).toBe('overdue');
    expect(phaseAfter(1)).toBe('over');
  });

  it.each([3_600_000, -3_600_000])('fault 16: does not move when the wall clock is set by %d ms', (byMs) => {
    const clock = new FakeClock();
    const hold = { sent: momentOf(clock), ttlMs };

    clock.stepWallClock(byMs);

    expect(remainingMs(hold, momentOf(clock))).toBe(ttlMs);
  });

  it('fault 16: comes nearer while the machine sleeps, although the monotonic clock stands still', () => {
    const clock = new FakeClock();
    const hold = { sent: momentOf(clock), ttlMs };

    clock.suspend(20_000);

    expect(clock.monotonic()).toBe(hold.sent.monotonic);
    expect(phaseOf(hold, momentOf(clock))).toBe('over');
  });

  it('is never later than by either clock alone', () => {
    const moment = fc.record({
      monotonic: fc.nat(1e9),
      boottime: fc.option(fc.nat(1e9), { nil: undefined }),
    });
    fc.assert(
      fc.property(moment, moment, (sent: Moment, now: Moment) => {
        const left = remainingMs({ sent, ttlMs }, now);
        expect(left).toBeLessThanOrEqual(ttlMs - (now.monotonic - sent.monotonic));
        if (sent.boottime !== undefined && now.boottime !== undefined) {
          expect(left).toBeLessThanOrEqual(ttlMs - (now.boottime - sent.boottime));
        }
        expect(elapsedMs(sent, sent)).toBe(0);
      }),
    );
  });
});

describe('the patience for a keepalive', () => {
  it('is 2 s at first, and a fifteenth of the TTL for each round in which all are asked', () => {
    expect([0, 1, 2, 2_000].map((rounds) => patienceMs(ttlMs, rounds))).toEqual([2_000, 1_000, 1_000, 1_000]);
  });

  it.each([2_000, 5_000, 15_000, 60_000])(
    'leaves time for more than five rounds before a TTL of %d ms is over',
    (ttl) => {
      expect(ttl / 3 + patienceMs(ttl, 0) + 5 * patienceMs(ttl, 1)).toBeLessThan(ttl);
    },
  );
});
