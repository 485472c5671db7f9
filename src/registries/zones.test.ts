import { describe, expect, it } from 'vitest';
import { compileZones } from './zones.ts';

describe('zones by address', () => {
  it('are those of the smallest range that holds the address, in whatever order they stand', () => {
    const zoneOf = compileZones([
      { cidr: '10.0.0.0/8', zone: 'a' },
      { cidr: '10.1.2.3/32', zone: 'c' },
      { cidr: '10.1.0.0/16', zone: 'b' },
      { cidr: 'fd00::/8', zone: 'd' },
    ]);
    expect(['10.9.9.9', '10.1.0.1', '10.1.2.3', 'fd00::1', '192.0.2.1', 'fe00::1'].map(zoneOf)).toEqual([
      'a',
      'b',
      'c',
      'd',
      undefined,
      undefined,
    ]);
  });

  it('are none where the registry names none', () => {
    expect(compileZones()('10.0.0.1')).toBeUndefined();
  });

  it('are never those of ::/0 for an IPv4 address', () => {
    const zoneOf = compileZones([{ cidr: '::/0', zone: 'six' }]);
    expect(['fd00::1', '10.0.0.1'].map(zoneOf)).toEqual(['six', undefined]);
  });
});
