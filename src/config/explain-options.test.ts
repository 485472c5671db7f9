import { describe, expect, it } from 'vitest';
import { messageOf } from '../errors.ts';
import { explainConfig } from './explain-options.ts';

function config(flags: Record<string, unknown>, env: Record<string, string> = {}) {
  return explainConfig({ flags, env, hostname: 'vm-1', readFile: () => Buffer.of() });
}

function problem(flags: Record<string, unknown>): string {
  try {
    config(flags);
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
    return messageOf(error);
  }
  return '';
}

describe('the configuration of explain', () => {
  it('asks the controller about an EtcdService where a namespace is named', () => {
    expect(config({ name: 'web', namespace: 'shop', since: '3h', address: 'FD00:0::5' })).toEqual({
      subject: {
        kind: 'service',
        namespace: 'shop',
        name: 'web',
        address: 'fd00::5',
        sinceMs: 10_800_000,
        controller: { host: '127.0.0.1', port: 8081 },
      },
      output: 'text',
      timeoutMs: 10_000,
    });
  });

  it('finds a controller where that was told to listen', () => {
    const env = { ETCD_ENDPOINTS_EXPLAIN_ADDRESS: '[::1]:9', ETCD_ENDPOINTS_NAMESPACE: 'a,b' };
    expect(config({ name: 'web', namespace: 'shop' }, env).subject).toMatchObject({
      namespace: 'shop',
      controller: { host: '::1', port: 9 },
    });
  });

  it('reads a key where none is named', () => {
    expect(config({ name: '/web/i1', etcd: 'http://h' }).subject).toMatchObject({
      kind: 'key',
      key: '/web/i1',
      source: { key: '/web/i1', separator: '/' },
      format: 'auto',
    });
    const below = { name: '/web/i1', etcd: 'http://h', prefix: '/web' };
    expect(config(below).subject).toMatchObject({ source: { prefix: '/web', separator: '/' } });
  });

  it.each([
    [{}, '--name is needed'],
    [{ name: 'web' }, '--namespace is needed for an EtcdService, or --etcd for a key'],
    [{ name: '/web/i1', etcd: 'http://h', since: '1h' }, '--address and --since belong to an EtcdService'],
    [{ name: '/web-a/i1', etcd: 'http://h', prefix: '/web' }, '--prefix "/web" does not hold the key'],
    [{ name: 'web', namespace: 'shop', address: 'vm-1' }, 'expected an IP address'],
    [{ name: 'web', namespace: 'shop', address: 'fe80::1%eth0' }, 'expected an IP address'],
    [{ name: 'web', namespace: 'shop', 'explain-address': ':80' }, 'expected an address of this machine'],
    [{ name: 'web', namespace: 'shop', 'explain-address': '0.0.0.0:80' }, 'expected an address of this'],
    [{ name: 'web', namespace: 'shop', 'explain-address': 'localhost:80' }, 'expected an address of this'],
  ])('refuses %j: %s', (flags, message) => {
    expect(problem(flags)).toContain(message);
  });
});
