import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeAddress } from './address.ts';

const reasonOf = (text: string): string => {
  const judged = judgeAddress(text);
  return judged.kind === 'rejected' ? judged.reason : 'accepted';
};

describe('judgeAddress', () => {
  it.each([
    ['10.0.0.5', '10.0.0.5'],
    ['203.0.113.255', '203.0.113.255'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['fd00:0:0::5', 'fd00::5'],
    ['64:ff9b::10.0.0.5', '64:ff9b::a00:5'],
    ['::5', '::5'],
  ])('publishes %s as %s', (text, address) => {
    expect(judgeAddress(text)).toEqual({ kind: 'address', address });
  });

  it.each([
    ['127.0.0.1', '127.0.0.1 is a loopback address'],
    ['127.255.255.254', '127.255.255.254 is a loopback address'],
    ['::1', '::1 is a loopback address'],
    ['0:0:0:0:0:0:0:1', '::1 is a loopback address'],
    ['0.0.0.0', '0.0.0.0 is the unspecified address'],
    ['::', ':: is the unspecified address'],
    ['169.254.169.254', '169.254.169.254 is a link-local address'],
    ['fe80::1', 'fe80::1 is a link-local address'],
    ['febf::1', 'febf::1 is a link-local address'],
    ['224.0.0.1', '224.0.0.1 is a multicast address'],
    ['239.1.2.3', '239.1.2.3 is a multicast address'],
    ['ff02::1', 'ff02::1 is a multicast address'],
    ['255.255.255.255', '255.255.255.255 is the broadcast address'],
    ['::ffff:10.0.0.5', '::ffff:a00:5 is an IPv4-mapped address; register the IPv4 address'],
    ['fe80::1%eth0', 'an address with a zone id means another interface on each host'],
    ['010.0.0.1', 'an IPv4 address has four numbers from 0 to 255 without leading zeros'],
    ['10.0.0.256', 'an IPv4 address has four numbers from 0 to 255 without leading zeros'],
  ])('refuses %s: %s', (text, message) => {
    expect(judgeAddress(text)).toEqual({ kind: 'rejected', reason: 'InvalidAddress', message });
  });

  it.each(['localhost', 'vm-1', 'web.shop.svc.cluster.local', 'example.org.', '_dmarc.example.org'])(
    'tells the DNS name %s',
    (text) => {
      expect(reasonOf(text)).toBe('HostName');
    },
  );

  it.each(['', ' ', '10.0.0', '2130706433', '0x7f.1', 'a b', 'http://10.0.0.5', '1::2::3', '-a.org', 'a..b'])(
    'tells that "%s" is nothing of all that',
    (text) => {
      expect(reasonOf(text)).toBe('InvalidSyntax');
    },
  );

  it('never repeats text that is no address', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 8 }), (text) => {
        const judged = judgeAddress(`${text}hunter2`);
        expect(JSON.stringify(judged)).not.toContain('hunter2');
      }),
    );
  });

  it('publishes every form of an IPv6 address as one text', () => {
    const words = fc.array(fc.nat(0xffff), { minLength: 7, maxLength: 7 });
    fc.assert(
      fc.property(words, (rest) => {
        const full = [0x2001, ...rest].map((word) => word.toString(16).padStart(4, '0')).join(':');
        const judged = judgeAddress(full.toUpperCase());
        const address = judged.kind === 'address' ? judged.address : '';
        expect(judgeAddress(address)).toEqual(judged);
        expect(address).toBe(address.toLowerCase());
        expect(judgeAddress(full)).toEqual(judged);
      }),
    );
  });
});
