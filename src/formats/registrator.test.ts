import { describe, expect, it } from 'vitest';
import { instance, readOne, refused } from '../../test/kit/read-items.ts';
import type { Item } from './types.ts';

function itemOf(id: string, value: string): Item | undefined {
  const { format, items } = readOne(
    { prefix: '/services/redis', format: 'registrator' },
    `/services/redis/${id}`,
    value,
  );
  expect(format).toBe('registrator');
  return items[0];
}

describe('registrator', () => {
  it('reads the value, and the parts of an id with colons as metadata', () => {
    const metadata = { host: 'host1', container: 'redis.0', exposedPort: '6379', protocol: 'tcp' };
    expect(itemOf('host1:redis.0:6379', '192.168.1.102:10000')).toEqual(
      instance('192.168.1.102', 10_000, metadata),
    );
  });

  it('says of a UDP port that it is one, so that a filter can tell', () => {
    const metadata = { host: 'host1', container: 'dns', exposedPort: '53', protocol: 'udp' };
    expect(itemOf('host1:dns:53:udp', '10.0.0.5:53')).toEqual(instance('10.0.0.5', 53, metadata));
  });

  it('reads an id that a container asked for by itself', () => {
    expect(itemOf('redis-main', '10.0.0.5:6379')).toEqual(instance('10.0.0.5', 6379));
  });

  it.each([
    ['', 'InvalidSyntax'],
    ['10.0.0.5:0', 'InvalidPort'],
    ['redis.local:6379', 'HostName'],
    ['127.0.0.1:6379', 'InvalidAddress'],
  ])('refuses the value "%s"', (value, reason) => {
    expect(itemOf('host1:redis.0:6379', value)).toEqual(refused(reason));
  });
});
