import { describe, expect, it } from 'vitest';
import { messageOf } from '../errors.ts';
import { registerConfig } from './register-options.ts';

function config(flags: Record<string, unknown>, env: Record<string, string> = {}) {
  return registerConfig({
    flags: { etcd: 'http://h', key: '/web', ...flags },
    env,
    hostname: 'vm-1',
    readFile: () => Buffer.of(),
  });
}

function problem(flags: Record<string, unknown>, env: Record<string, string> = {}): string {
  try {
    config(flags, env);
  } catch (error) {
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS' });
    return messageOf(error);
  }
  return '';
}

describe('the configuration of register', () => {
  it('takes keys and values as they are, commas and all', () => {
    expect(config({ key: ['/a,b', '/c'], value: ['{"x":[1,2]}', ''] })).toMatchObject({
      keys: ['/a,b', '/c'],
      values: ['{"x":[1,2]}', ''],
      ttlSeconds: 15,
      command: [],
      check: undefined,
    });
  });

  it('takes ports with names as a list', () => {
    expect(config({ port: ['http=80,grpc=90'] }).ports).toEqual([
      { name: 'http', port: 80 },
      { name: 'grpc', port: 90 },
    ]);
  });

  it('does not read its port from what Kubernetes sets for a Service named etcd-endpoints', () => {
    expect(config({}, { ETCD_ENDPOINTS_PORT: 'tcp://10.96.0.1:8080' }).ports).toEqual([]);
  });

  it('reads switches from the environment', () => {
    expect(config({}, { ETCD_ENDPOINTS_TAKEOVER: 'true' }).takeover).toBe(true);
    expect(problem({}, { ETCD_ENDPOINTS_TAKEOVER: 'yes' })).toContain(
      'ETCD_ENDPOINTS_TAKEOVER "yes": expected true or false',
    );
  });

  it.each(['0', '-1', '1.5', '15s', '1e3', '9000000001', '', 'many'])(
    'refuses a TTL of %j by its option',
    (ttl) => {
      expect(problem({ ttl })).toBe(
        `--ttl ${JSON.stringify(ttl)}: expected a whole number from 1 to 9000000000`,
      );
    },
  );

  it.each([
    [{ value: ['a', 'b'] }, '--value is given 2 times and --key once'],
    [{ key: ['/a', '/b'], value: 'a' }, '--value is given once and --key 2 times'],
    [{ key: '' }, '--key "": expected a text that is not empty'],
    [{ address: '10.0.0.1', interface: 'eth0' }, '--address and --interface are given'],
    [{ port: ['80', 'http=81'] }, '--port needs names where there are several'],
    [{ port: ['a=80', 'a=81'] }, '--port is given twice with the same name'],
    [{ port: '0' }, '--port "0": expected a port such as 8080 or http=8080'],
    [{ port: '65536' }, '--port "65536"'],
    [{ port: '=80' }, '--port "=80"'],
    [{ once: true, exec: ['true'] }, '--once ends before a command could'],
    [{ drain: '5s' }, '--drain needs --exec'],
    [{ 'check-timeout': '2' }, '--check-timeout "2": expected a time'],
  ])('refuses %j', (flags, text) => {
    expect(problem(flags)).toContain(text);
  });

  it('takes a prefix instead of a key, with what a format writes below it', () => {
    const flags = {
      key: undefined,
      prefix: '/micro/registry/web',
      format: 'go-micro',
      metadata: ['a=b=c', 'd='],
    };
    expect(config(flags)).toMatchObject({
      keys: [],
      prefix: '/micro/registry/web',
      id: '{hostname}',
      format: 'go-micro',
      metadata: [
        { name: 'a', text: 'b=c' },
        { name: 'd', text: '' },
      ],
    });
  });

  it.each([
    [{ prefix: '/web' }, '--prefix makes key and value by --format'],
    [{ key: undefined, prefix: '/web', value: 'x' }, '--prefix makes key and value by --format'],
    [{ id: 'a' }, '--id needs --prefix'],
    [{ format: 'kratos' }, '--format kratos makes the key too: give --prefix instead of --key'],
    [{ format: 'xml' }, '--format "xml": expected one of auto, '],
    [{ value: 'x', metadata: 'a=b' }, '--metadata is a part of what --format writes'],
    [{ metadata: ['a=b', 'a=c'] }, '--metadata is given twice with the same name'],
    [{ metadata: '=b' }, '--metadata "=b": expected a name and a text, such as zone=a'],
  ])('refuses what to register in %j', (flags, text) => {
    expect(problem(flags)).toContain(text);
  });

  it('needs a key or a prefix', () => {
    const source = { flags: { etcd: 'http://h' }, env: {}, hostname: 'h', readFile: () => Buffer.of() };
    expect(() => registerConfig(source)).toThrow('--key is needed (or ETCD_ENDPOINTS_KEY)');
  });
});
