import { describe, expect, it } from 'vitest';
import { instance, isIgnored, readOne, refused } from '../../test/kit/read-items.ts';
import type { Item } from './types.ts';

const prefix = '/skydns/local/cluster/svc/web';

function itemOf(value: string, below = 'i1'): Item | undefined {
  const { format, items } = readOne({ prefix, format: 'skydns' }, `${prefix}/${below}`, value);
  expect(format).toBe('skydns');
  expect(items).toHaveLength(1);
  return items[0];
}

describe('skydns', () => {
  it('reads a record of CoreDNS, with what is said of its weight', () => {
    const metadata = { priority: '10', weight: '100' };
    expect(itemOf('{"host":"10.0.0.5","port":8080,"priority":10,"weight":100,"ttl":60}')).toEqual(
      instance('10.0.0.5', 8080, metadata),
    );
  });

  it('reads a record of external-dns, whose text is beside a host and whose labels are stripped', () => {
    const key = '/skydns/org/example/a/25d8864c';
    const value =
      '{"host":"172.18.0.2","text":"\\"heritage=external-dns,...\\"","targetstrip":1,"group":"g1","owner":"me"}';
    const { items } = readOne({ prefix: '/skydns/org/example/a', format: 'skydns' }, key, value);
    expect(items).toEqual([instance('172.18.0.2', undefined, { group: 'g1', owner: 'me' })]);
  });

  it.each([
    ['IPv6', '{"host":"2001:db8::1:5","port":8080}', instance('2001:db8::1:5', 8080)],
    ['IPv6 without a port', '{"host":"fd00::5"}', instance('fd00::5')],
    ['a port that Go leaves at 0', '{"host":"10.0.0.5","port":0}', instance('10.0.0.5')],
    ['a port as text', '{"host":"10.0.0.5","port":"8080"}', instance('10.0.0.5', 8080)],
    ['a record of mail', '{"host":"10.0.0.5","mail":true}', instance('10.0.0.5')],
    [
      'a weight of 0, which is none',
      '{"host":"10.0.0.5","weight":0}',
      instance('10.0.0.5', undefined, { weight: '0' }),
    ],
  ])('reads %s', (_, value, item) => {
    expect(itemOf(value)).toEqual(item);
  });

  it('reads the record of a name itself, at its key', () => {
    const value = '{"host":"10.0.0.5"}';
    const { items } = readOne({ key: prefix, format: 'skydns' }, prefix, value);
    expect(items).toEqual([instance('10.0.0.5')]);
  });

  it('reads records at every depth, as a lookup of the name would', () => {
    expect(itemOf('{"host":"10.0.0.5","port":80}', 'eu/a/i1')).toEqual(instance('10.0.0.5', 80));
  });

  it('ignores a record of a text alone', () => {
    expect(itemOf('{"text":"hello"}')).toEqual(isIgnored);
    expect(itemOf('{"host":"","text":"hello"}')).toEqual(isIgnored);
  });

  it('ignores reverse zones, whose hosts are names', () => {
    const key = '/skydns/arpa/in-addr/10/0/0/5';
    const read = (spec: { prefix: string } | { key: string }) =>
      readOne({ ...spec, format: 'skydns' }, key, '{"host":"web.example.org"}').items;
    expect(read({ prefix: '/skydns' })).toEqual([isIgnored]);
    expect(read({ key })).toEqual([isIgnored]);
  });

  it.each([
    ['a host that is a name', '{"host":"web.example.org","port":80}', 'HostName'],
    ['no host', '{"port":80}', 'NoAddress'],
    ['an empty object', '{}', 'NoAddress'],
    ['a host that is no text', '{"host":10}', 'InvalidSyntax'],
    ['a loopback address', '{"host":"127.0.0.1"}', 'InvalidAddress'],
    ['a wrong port', '{"host":"10.0.0.5","port":80000}', 'InvalidPort'],
    ['what is no object', '["10.0.0.5"]', 'InvalidSyntax'],
    ['what is no JSON', '10.0.0.5', 'InvalidSyntax'],
  ])('refuses %s', (_, value, reason) => {
    expect(itemOf(value)).toEqual(refused(reason));
  });

  it('changes nothing when a TTL does', () => {
    expect(itemOf('{"host":"10.0.0.5","ttl":60}')).toEqual(itemOf('{"host":"10.0.0.5","ttl":30}'));
  });
});
