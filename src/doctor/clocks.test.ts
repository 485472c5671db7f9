import { describe, expect, it } from 'vitest';
import { clockFinding, differenceMs } from './clocks.ts';

const askedMs = Date.parse('2026-01-01T00:00:10.500Z');

describe('the difference of two clocks', () => {
  it.each([
    ['00:00:10', 100, 0],
    ['00:00:11', 600, 0],
    ['00:00:11', 100, 400],
    ['00:00:09', 100, -500],
    ['00:00:20', 1000, 8500],
    // What a slow answer may hide is not counted.
    ['00:00:20', 9600, 0],
  ])('is, for a server that says %s after %d ms, at least %d ms', (time, tookMs, expected) => {
    const serverMs = Date.parse(`2026-01-01T${time}Z`);
    expect(differenceMs({ serverMs, askedMs, answeredMs: askedMs + tookMs })).toBe(expected);
  });

  it('is a warning from five seconds on, that says which clock is ahead', () => {
    const told = (serverMs: number): object =>
      clockFinding('EtcdClock', 'etcd a', { serverMs, askedMs, answeredMs: askedMs });
    expect(told(askedMs + 4000)).toMatchObject({ outcome: 'ok' });
    expect(told(askedMs + 60_000)).toMatchObject({
      outcome: 'warning',
      message: 'the clock of etcd a is 60 s ahead of that of this machine',
    });
    expect(told(askedMs - 61_000)).toMatchObject({
      message: 'the clock of etcd a is 60 s behind that of this machine',
    });
  });
});
