import { describe, expect, it } from 'vitest';
import { instance, readOne, refused } from '../../test/kit/read-items.ts';
import type { ReaderSpec } from './read.ts';
import type { Item, Reading } from './types.ts';

function read(below: string, value: string, spec: Partial<ReaderSpec> = {}): Reading {
  const key = spec.key ?? `/services/web/${below}`;
  return readOne({ prefix: '/services/web', format: 'json', ...spec }, key, value);
}

function itemOf(below: string, value: string, spec: Partial<ReaderSpec> = {}): Item | undefined {
  return read(below, value, spec).items[0];
}

describe('json without options', () => {
  it.each([
    ['gRPC naming', '{"Op":0,"Addr":"10.0.0.5:8080","Metadata":null}', instance('10.0.0.5', 8080)],
    [
      'kitex',
      '{"network":"tcp","address":"10.0.0.5:8888","weight":10,"tags":null}',
      instance('10.0.0.5', 8888),
    ],
    [
      'a service description',
      '{"serviceName":"pay","serviceIP":"10.0.0.5","port":8080}',
      instance('10.0.0.5', 8080),
    ],
    ['a port as text', '{"ip":"10.0.0.5","servicePort":"8080"}', instance('10.0.0.5', 8080)],
    ['other spellings', '{"SERVICE_IP":"10.0.0.5","Service-Port":8080}', instance('10.0.0.5', 8080)],
    ['IPv6 beside a port', '{"host":"2001:db8::1:5","port":8080}', instance('2001:db8::1:5', 8080)],
    ['a port that two fields agree on', '{"addr":"10.0.0.5:80","port":80}', instance('10.0.0.5', 80)],
    [
      'an address that two fields agree on',
      '{"addr":"10.0.0.5:80","ip":"10.0.0.5"}',
      instance('10.0.0.5', 80),
    ],
    ['a host name beside an address', '{"host":"vm-1","ip":"10.0.0.5","port":80}', instance('10.0.0.5', 80)],
    [
      'empty and null fields',
      '{"address":"","host":null,"ip":"10.0.0.5","port":80}',
      instance('10.0.0.5', 80),
    ],
    ['a text', '"10.0.0.5:8080"', instance('10.0.0.5', 8080)],
  ])('reads %s', (_, value, item) => {
    expect(read('i1', value)).toEqual({ format: 'json', items: [item] });
  });

  it('takes the address in the key where the value has none', () => {
    expect(itemOf('10.0.0.5:8000', '{"insecure":true}')).toEqual(instance('10.0.0.5', 8000));
    expect(itemOf('10.0.0.5', '{"port":8000}')).toEqual(instance('10.0.0.5', 8000));
  });

  it('takes the field metadata', () => {
    const value =
      '{"addr":"10.0.0.5:1","Metadata":{"env":"prod","weight":10,"up":true,"nested":{},"none":null}}';
    const item = itemOf('i1', value);
    expect(item).toHaveProperty('instance.metadata', { env: 'prod', weight: '10', up: 'true' });
  });

  it.each([
    ['different addresses', '{"addr":"10.0.0.5:80","ip":"10.0.0.6"}', 'addr and ip name different addresses'],
    ['different ports', '{"addr":"10.0.0.5:80","port":81}', 'port and addr name different ports'],
  ])('refuses %s and names both fields', (_, value, message) => {
    expect(itemOf('i1', value)).toEqual({ kind: 'rejected', reason: 'Ambiguous', message });
  });

  it.each([
    ['no address anywhere', '{"name":"web"}', 'NoAddress'],
    ['an address that is a number', '{"ip":10,"port":80}', 'InvalidSyntax'],
    ['a loopback address', '{"ip":"127.0.0.1","port":80}', 'InvalidAddress'],
    ['a host name alone', '{"host":"vm-1","port":80}', 'HostName'],
    ['port 0', '{"ip":"10.0.0.5","port":0}', 'InvalidPort'],
    ['port 65536', '{"ip":"10.0.0.5","port":65536}', 'InvalidPort'],
    ['port -1', '{"ip":"10.0.0.5","port":-1}', 'InvalidPort'],
    ['port 80.5', '{"ip":"10.0.0.5","port":80.5}', 'InvalidPort'],
    ['port 1e400', '{"ip":"10.0.0.5","port":1e400}', 'InvalidPort'],
    ['port "80x"', '{"ip":"10.0.0.5","port":"80x"}', 'InvalidPort'],
    ['a list', '[{"ip":"10.0.0.5"}]', 'InvalidSyntax'],
    ['JSON that ends early', '{"ip":"10.0.0.5"', 'InvalidSyntax'],
    ['only a prototype', '{"__proto__":{"ip":"10.0.0.5"}}', 'NoAddress'],
  ])('refuses %s', (_, value, reason) => {
    expect(itemOf('i1', value)).toEqual(refused(reason));
  });

  it.each(['{"a":', '['])('refuses JSON nested 10 000 deep in %s', (open) => {
    const close = open === '[' ? ']' : '}';
    const value = `${open.repeat(10_000)}1${close.repeat(10_000)}`;
    expect(itemOf('i1', value)).toMatchObject({ kind: 'rejected' });
    expect(itemOf('i1', `{"ip":"10.0.0.5","deep":${value}}`)).toEqual(instance('10.0.0.5'));
  });
});

describe('json with options', () => {
  const spec: Partial<ReaderSpec> = {
    format: 'json',
    json: {
      address: '.ip',
      ports: { http: '.ports.http', grpc: '.ports.grpc' },
      metadata: '.labels',
      ready: { path: '.status', values: ['UP', '1'] },
    },
  };

  it('follows the paths', () => {
    const value =
      '{"ip":"10.0.0.5","ports":{"http":8080,"grpc":"9090"},"labels":{"env":"prod"},"status":"UP"}';
    const instance = {
      address: '10.0.0.5',
      ports: { http: 8080, grpc: 9090 },
      ready: true,
      metadata: { env: 'prod' },
    };
    expect(read('i1', value, spec)).toEqual({ format: 'json', items: [{ kind: 'instance', instance }] });
  });

  it('leaves out what the paths do not find, and is not ready without a state', () => {
    const instance = { address: '10.0.0.5', ports: { http: 8080 }, ready: false, metadata: {} };
    expect(itemOf('i1', '{"ip":"10.0.0.5","ports":{"http":8080}}', spec)).toEqual({
      kind: 'instance',
      instance,
    });
  });

  it.each([
    ['"UP"', true],
    ['"up"', false],
    ['1', true],
    ['null', false],
    ['["UP"]', false],
  ])('compares the state %s as text', (status, ready) => {
    expect(itemOf('i1', `{"ip":"10.0.0.5","status":${status}}`, spec)).toHaveProperty(
      'instance.ready',
      ready,
    );
  });

  it('looks up no other address than that of the path', () => {
    expect(itemOf('10.0.0.7', '{"addr":"10.0.0.6"}', spec)).toEqual(refused('NoAddress'));
  });

  it('names the path of a wrong port', () => {
    const message = '.ports.grpc is no whole number from 1 to 65535';
    expect(itemOf('i1', '{"ip":"10.0.0.5","ports":{"grpc":"x"}}', spec)).toHaveProperty('message', message);
  });

  it('reads each of several instances for itself', () => {
    const value = '{"nodes":[{"address":"10.0.0.5:80"},{"address":"localhost:80"},"10.0.0.6:80",7]}';
    const { items } = read('i1', value, { format: 'json', json: { items: '.nodes' } });
    expect(items).toEqual([
      instance('10.0.0.5', 80),
      refused('HostName'),
      instance('10.0.0.6', 80),
      refused('InvalidSyntax'),
    ]);
  });

  it.each([
    ['no list', '{}', 'rejected'],
    ['an empty list', '{"nodes":[]}', 'ignored'],
    ['more than 1000 instances', `{"nodes":[${'1,'.repeat(1000)}1]}`, 'rejected'],
  ])('says one thing of %s', (_, value, kind) => {
    expect(read('i1', value, { format: 'json', json: { items: '.nodes' } }).items).toMatchObject([{ kind }]);
  });

  it('reads a list that is the value itself', () => {
    const { items } = read('i1', '[["10.0.0.5",80]]', {
      format: 'json',
      json: { items: '.', address: '[0]', port: '[1]' },
    });
    expect(items).toEqual([instance('10.0.0.5', 80)]);
  });
});

describe('case 14: JSON service descriptions under /<system>/service/<name>/<ip>', () => {
  const prefix = '/bank/service/pay';
  const key = `${prefix}/10.0.0.5`;
  const value = '{"serviceName":"pay","serviceIP":"10.0.0.5","port":8080}';

  it('are read by json with the paths of their fields', () => {
    const json = { address: '.serviceIP', port: '.port' };
    const reading = readOne({ prefix, format: 'json', json }, key, value);
    expect(reading).toEqual({ format: 'json', items: [instance('10.0.0.5', 8080)] });
  });

  it('are read by auto, which knows the common names', () => {
    const reading = readOne({ prefix, format: 'auto' }, key, value);
    expect(reading).toEqual({ format: 'json', items: [instance('10.0.0.5', 8080)] });
  });
});
