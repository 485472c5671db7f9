import { describe, expect, it } from 'vitest';
import { checkTtl } from './lease-ttl.ts';

const rule = { option: '--lease-ttl', leastSeconds: 5, reason: 'a short pause would end it' };

describe('a TTL', () => {
  it.each([5, 15, 9_000_000_000])('of %d s is taken', (seconds) => {
    expect(() => checkTtl(seconds, rule)).not.toThrow();
  });

  it.each([
    [0, 'less than 5 s: a short pause would end it'],
    [-1, 'less than 5 s'],
    [4, 'less than 5 s'],
    [7.5, 'not a whole number'],
    [Number.NaN, 'not a whole number'],
    [Number.POSITIVE_INFINITY, 'not a whole number'],
    [9_000_000_001, 'etcd grants at most'],
  ])('of %d s is refused, with the option and the reason', (seconds, reason) => {
    expect(() => checkTtl(seconds, rule)).toThrow(
      expect.objectContaining({
        name: 'TerminalError',
        code: 'INVALID_TTL',
        message: expect.stringMatching(new RegExp(`^--lease-ttl: .*${reason}`)),
      }),
    );
  });
});
