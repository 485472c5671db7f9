import { describe, expect, it } from 'vitest';
import { isMassLoss, isShrunk } from './limits.ts';

describe('a registry has lost too much', () => {
  const limits = { maxRemovalPercent: 30, ignoreBelow: 10, windowMs: 60_000, holdMs: 300_000 };

  it.each([
    [10, 33, true],
    [10, 34, false],
    [9, 9, false],
    [10, 10, true],
    [300, 1000, false],
    [301, 1000, true],
    [0, 0, false],
  ])('with %i lost of %i: %s', (lost, stood, isTooMuch) => {
    expect(isMassLoss({ lost, stood }, limits)).toBe(isTooMuch);
  });
});

describe('a service has shrunk too much', () => {
  const limits = {
    maxRemovalPercent: 50,
    ignoreBelow: 5,
    windowMs: 60_000,
    holdMs: 300_000,
    holdsLast: true,
  };

  it.each([
    [10, 5, true, false],
    [10, 4, true, true],
    [4, 0, true, false],
    [5, 0, true, true],
    [5, 5, true, false],
    [0, 0, true, false],
  ])('from %i to %i, where the last is held (%s): %s', (most, ready, holdsLast, isTooMuch) => {
    expect(isShrunk(most, ready, { ...limits, holdsLast })).toBe(isTooMuch);
  });

  it('never where all may go and the last is not held', () => {
    expect(isShrunk(10, 0, { ...limits, maxRemovalPercent: 100, holdsLast: false })).toBe(false);
    expect(isShrunk(10, 0, { ...limits, maxRemovalPercent: 100 })).toBe(true);
    expect(isShrunk(10, 1, { ...limits, maxRemovalPercent: 100 })).toBe(false);
  });
});
