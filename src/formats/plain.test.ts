import { describe, expect, it } from 'vitest';
import { instance, isIgnored, readOne, refused } from '../../test/kit/read-items.ts';
import type { ReaderSpec } from './read.ts';
import type { Item, Reading } from './types.ts';

function read(below: string, value: string, spec: Partial<ReaderSpec> = {}): Reading {
  const key = spec.key ?? `/services/web/${below}`;
  return readOne({ prefix: '/services/web', format: 'plain', ...spec }, key, value);
}

function itemOf(below: string, value: string, spec: Partial<ReaderSpec> = {}): Item | undefined {
  return read(below, value, spec).items[0];
}

describe('plain', () => {
  it.each([
    ['an address with a port', 'i1', '10.0.0.5:8080', instance('10.0.0.5', 8080)],
    ['an address alone', 'i1', '10.0.0.5', instance('10.0.0.5')],
    ['IPv6 in brackets with a port', 'i1', '[fd00::5]:8080', instance('fd00::5', 8080)],
    ['IPv6 alone', 'i1', 'fd00::abcd', instance('fd00::abcd')],
    ['white space around', 'i1', ' 10.0.0.5:8080\r\n', instance('10.0.0.5', 8080)],
    ['an empty value at a key that ends in an address', '10.0.0.5:8080', '', instance('10.0.0.5', 8080)],
    ['the address at the end of a deeper key', 'eu/a/[fd00::5]:80', '', instance('fd00::5', 80)],
    ['the value, where the key is an address too', '10.0.0.1:1', '10.0.0.5:8080', instance('10.0.0.5', 8080)],
  ])('reads %s', (_, below, value, item) => {
    expect(read(below, value)).toEqual({ format: 'plain', items: [item] });
    expect(read(below, value, { format: 'auto' }).items).toEqual([item]);
  });

  it.each([
    ['an empty value at a key that ends in a name', 'i1', '', 'NoAddress'],
    ['an empty value at a key that ends in an address nobody can use', '127.0.0.1:80', '', 'InvalidAddress'],
    ['an empty value at a key with a wrong port', '10.0.0.5:99999', '', 'InvalidPort'],
    ['a lease id', 'i1', '7587862072904530947', 'InvalidSyntax'],
    ['two lines', 'i1', '10.0.0.5:80\n10.0.0.6:80', 'InvalidSyntax'],
    ['a DNS name', 'i1', 'vm1.example.org:8080', 'HostName'],
  ])('refuses %s', (_, below, value, reason) => {
    expect(itemOf(below, value)).toEqual(refused(reason));
  });

  it('ignores an empty value at a directory', () => {
    expect(itemOf('', '')).toEqual(isIgnored);
    expect(itemOf('eu/', '')).toEqual(isIgnored);
  });

  it('reads the address in a single key', () => {
    expect(itemOf('', '', { prefix: undefined, key: '/a/10.0.0.5:80' })).toEqual(instance('10.0.0.5', 80));
  });
});
