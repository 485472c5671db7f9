import { describe, expect, it } from 'vitest';
import { parseHosts } from './address.ts';

describe('the hosts of a cluster', () => {
  it('are host and port, each once, in the order given', () => {
    expect(
      parseHosts(['http://a:2379', 'HTTP://B.example:1/', 'http://[::1]:2379', 'http://a:2379']),
    ).toEqual({
      members: ['a:2379', 'b.example:1', '[::1]:2379'],
      secure: false,
    });
    expect(parseHosts(['https://a:2379']).secure).toBe(true);
  });

  it.each([
    { hosts: [], says: 'no etcd host is given' },
    { hosts: ['http://a:1', 'https://b:1'], says: 'mix http and https (a:1, b:1)' },
    { hosts: ['a:2379'], says: '"a:2379" is no URL' },
    { hosts: ['http://a'], says: '"http://a" needs a host and a port' },
    { hosts: ['http://a:0'], says: 'needs a host and a port from 1 to 65535' },
    { hosts: ['http://a:65536'], says: 'needs a host and a port from 1 to 65535' },
    { hosts: ['http://a:1/path'], says: 'needs a host and a port' },
    { hosts: ['http://a:1,http://b:1'], says: 'needs a host and a port' },
    { hosts: ['http://::1:2379'], says: 'needs a host and a port' },
    { hosts: ['unix://a:1'], says: 'has the scheme unix' },
    { hosts: ['  '], says: 'is no URL' },
  ])('are refused with the reason: $hosts', ({ hosts, says }) => {
    expect(() => parseHosts(hosts)).toThrow(
      expect.objectContaining({ code: 'ETCD_INVALID_HOSTS', message: expect.stringContaining(says) }),
    );
  });

  it.each([
    'http://user:secret@a:1',
    'https://secret@a:1',
    'http://u:sec/ret@a:1',
    'http://u:se@cret@a:1',
    'u:secret@a',
  ])('are refused with credentials, and never repeat them: %s', (host) => {
    expect(() => parseHosts([host])).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/sec|cret/) }),
    );
  });
});
