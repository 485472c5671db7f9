import { describe, expect, it } from 'vitest';
import { cidrMatcher, isCidr } from './cidr.ts';

describe('isCidr', () => {
  it.each(['10.0.0.0/8', '10.0.0.5/32', '0.0.0.0/0', 'fd00::/8', '::/0', '2001:db8::1/128'])(
    'accepts %s',
    (text) => {
      expect(isCidr(text)).toBe(true);
    },
  );

  it.each([
    '10.0.0.0',
    '10.0.0.0/33',
    '10.0.0/8',
    '010.0.0.0/8',
    '10.0.0.0/08',
    'fd00::/129',
    'fe80::%1/64',
    '/8',
    '',
  ])('refuses "%s"', (text) => {
    expect(isCidr(text)).toBe(false);
  });
});

describe('cidrMatcher', () => {
  it('matches addresses of both families, each against ranges of its own', () => {
    const matches = cidrMatcher(['10.0.0.0/8', 'fd00::/8']);
    expect(['10.255.0.1', 'fd12::1'].every(matches)).toBe(true);
    expect(['11.0.0.1', 'fe00::1', '::1'].some(matches)).toBe(false);
  });

  it('ignores the bits of the host part', () => {
    expect(cidrMatcher(['10.1.2.3/8'])('10.9.9.9')).toBe(true);
  });

  it('matches every address by a range of no bits', () => {
    expect(cidrMatcher(['0.0.0.0/0'])('203.0.113.1')).toBe(true);
    expect(cidrMatcher(['0.0.0.0/0'])('fd00::1')).toBe(false);
  });

  it.each(['::/0', '::/8', '::/64', '::/80', '::ffff:0:0/96'])(
    'matches no IPv4 address by the IPv6 range %s, as Node would',
    (cidr) => {
      expect(['10.0.0.5', '203.0.113.1', '0.0.0.1'].some(cidrMatcher([cidr]))).toBe(false);
    },
  );

  it('matches every IPv6 address by ::/0, and none by a range of IPv4', () => {
    expect(['fd00::1', '::1'].every(cidrMatcher(['::/0']))).toBe(true);
    expect(['fd00::1', '::ffff:10.0.0.5'].some(cidrMatcher(['0.0.0.0/0']))).toBe(false);
  });
});
