import { describe, expect, it } from 'vitest';
import { rangeFinding } from './cluster-ips.ts';

describe('a range of Services', () => {
  it.each([
    ['10.96.0.0/24', 0, 'ok', '254 of 254 addresses of 10.96.0.0/24 are free'],
    ['10.96.0.0/24', 240, 'warning', '14 of 254 addresses of 10.96.0.0/24 are free'],
    ['10.96.0.0/24', 254, 'problem', '0 of 254 addresses of 10.96.0.0/24 are free'],
    ['fd00::/120', 1, 'ok', '254 of 255 addresses of fd00::/120 are free'],
  ])('%s of which %d are taken is: %s', (range, used, outcome, message) => {
    expect(rangeFinding(range, used)).toMatchObject({ outcome, message });
  });
});
