import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOf, rangeHolds } from '../etcd/key.ts';
import type { Key } from '../etcd/types.ts';
import { judgeAddress } from './address.ts';
import { formatNames } from './formats.ts';
import { compileReader, type ReaderSpec } from './read.ts';
import { rangeOf } from './source.ts';
import type { Item, Reading } from './types.ts';

const base: ReaderSpec = { prefix: '/services/web', separator: '/', format: 'auto' };
const limits = { maxValueBytes: 256 * 1024 };

function read(below: string, value: string | Buffer, spec: Partial<ReaderSpec> = {}): Reading {
  const key = spec.key ?? `/services/web/${below}`;
  return compileReader({ ...base, ...spec }, limits)({ key: keyOf(key), value: Buffer.from(value) });
}

function itemOf(below: string, value: string | Buffer, spec: Partial<ReaderSpec> = {}): Item | undefined {
  return read(below, value, spec).items[0];
}

const at = (address: string, port?: number) => ({
  kind: 'instance',
  instance: { address, ports: port === undefined ? {} : { '': port }, ready: true, metadata: {} },
});
const refused = (reason: string) => expect.objectContaining({ kind: 'rejected', reason });

describe('plain', () => {
  it.each([
    ['an address with a port', 'i1', '10.0.0.5:8080', at('10.0.0.5', 8080)],
    ['an address alone', 'i1', '10.0.0.5', at('10.0.0.5')],
    ['IPv6 in brackets with a port', 'i1', '[fd00::5]:8080', at('fd00::5', 8080)],
    ['IPv6 alone', 'i1', 'fd00::abcd', at('fd00::abcd')],
    ['white space around', 'i1', ' 10.0.0.5:8080\r\n', at('10.0.0.5', 8080)],
    ['an empty value at a key that ends in an address', '10.0.0.5:8080', '', at('10.0.0.5', 8080)],
    ['the address at the end of a deeper key', 'eu/a/[fd00::5]:80', '', at('fd00::5', 80)],
    ['the value, where the key is an address too', '10.0.0.1:1', '10.0.0.5:8080', at('10.0.0.5', 8080)],
  ])('reads %s', (_, below, value, item) => {
    expect(read(below, value)).toEqual({ format: 'plain', items: [item] });
    expect(read(below, value, { format: 'plain' })).toEqual({ format: 'plain', items: [item] });
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
    expect(itemOf('', '')).toMatchObject({ kind: 'ignored' });
    expect(itemOf('eu/', '')).toMatchObject({ kind: 'ignored' });
  });

  it('reads the address in a single key', () => {
    expect(itemOf('', '', { prefix: undefined, key: '/a/10.0.0.5:80' })).toEqual(at('10.0.0.5', 80));
  });
});

describe('json without options, and auto', () => {
  it.each([
    ['gRPC naming', '{"Op":0,"Addr":"10.0.0.5:8080","Metadata":null}', at('10.0.0.5', 8080)],
    ['kitex', '{"network":"tcp","address":"10.0.0.5:8888","weight":10,"tags":null}', at('10.0.0.5', 8888)],
    [
      'a service description',
      '{"serviceName":"pay","serviceIP":"10.0.0.5","port":8080}',
      at('10.0.0.5', 8080),
    ],
    ['a port as text', '{"ip":"10.0.0.5","servicePort":"8080"}', at('10.0.0.5', 8080)],
    ['other spellings', '{"SERVICE_IP":"10.0.0.5","Service-Port":8080}', at('10.0.0.5', 8080)],
    ['IPv6 beside a port', '{"host":"2001:db8::1:5","port":8080}', at('2001:db8::1:5', 8080)],
    ['a port that two fields agree on', '{"addr":"10.0.0.5:80","port":80}', at('10.0.0.5', 80)],
    ['an address that two fields agree on', '{"addr":"10.0.0.5:80","ip":"10.0.0.5"}', at('10.0.0.5', 80)],
    ['a host name beside an address', '{"host":"vm-1","ip":"10.0.0.5","port":80}', at('10.0.0.5', 80)],
    ['empty and null fields', '{"address":"","host":null,"ip":"10.0.0.5","port":80}', at('10.0.0.5', 80)],
    ['a text', '"10.0.0.5:8080"', at('10.0.0.5', 8080)],
  ])('reads %s', (_, value, item) => {
    expect(read('i1', value)).toEqual({ format: 'json', items: [item] });
    expect(read('i1', value, { format: 'json' })).toEqual({ format: 'json', items: [item] });
  });

  it('takes the address in the key where the value has none', () => {
    expect(itemOf('10.0.0.5:8000', '{"insecure":true}')).toEqual(at('10.0.0.5', 8000));
    expect(itemOf('10.0.0.5', '{"port":8000}')).toEqual(at('10.0.0.5', 8000));
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
    expect(itemOf('i1', `{"ip":"10.0.0.5","deep":${value}}`)).toEqual(at('10.0.0.5'));
  });

  it('does not take an IPv6 address in brackets for a list', () => {
    expect(read('i1', '[::5]:80').format).toBe('plain');
    expect(read('i1', '[fd00::5]').format).toBe('plain');
    expect(read('i1', '[1, 2]').format).toBe('json');
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
      at('10.0.0.5', 80),
      refused('HostName'),
      at('10.0.0.6', 80),
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
    expect(items).toEqual([at('10.0.0.5', 80)]);
  });
});

describe('case 14: JSON service descriptions under /<system>/service/<name>/<ip>', () => {
  const prefix = '/bank/service/pay';
  const value = '{"serviceName":"pay","serviceIP":"10.0.0.5","port":8080}';
  const registration = { key: keyOf(`${prefix}/10.0.0.5`), value: Buffer.from(value) };

  it('are read by json with the paths of their fields', () => {
    const json = { address: '.serviceIP', port: '.port' };
    const reader = compileReader({ prefix, separator: '/', format: 'json', json }, limits);
    expect(reader(registration)).toEqual({ format: 'json', items: [at('10.0.0.5', 8080)] });
  });

  it('are read by auto, which knows the common names', () => {
    const reader = compileReader({ prefix, separator: '/', format: 'auto' }, limits);
    expect(reader(registration)).toEqual({ format: 'json', items: [at('10.0.0.5', 8080)] });
  });
});

describe('compileReader', () => {
  it('rejects a value beyond the limit unread', () => {
    const value = Buffer.alloc(1.5 * 1024 * 1024, '1');
    const message = 'the value has 1572864 bytes, the limit is 262144';
    expect(read('i1', value)).toEqual({
      format: undefined,
      items: [{ kind: 'rejected', reason: 'ValueTooLarge', message }],
    });
  });

  it('rejects a key and a value that are no UTF-8', () => {
    const reader = compileReader(base, limits);
    const binary = '/services/web/\u00ff\u00fe' as Key;
    expect(reader({ key: binary, value: Buffer.from('10.0.0.5:80') }).items).toEqual([
      refused('InvalidEncoding'),
    ]);
    expect(itemOf('i1', Buffer.from([0x31, 0xff]))).toEqual(refused('InvalidEncoding'));
  });

  it('makes metadata of the parts of the key that the layout names', () => {
    const spec = { layout: '{zone}/{instance}' };
    expect(itemOf('a/i1', '10.0.0.5:80', spec)).toHaveProperty('instance.metadata', {
      zone: 'a',
      instance: 'i1',
    });
  });

  it.each(['i1', 'a/b/i1', ''])(
    'reads the key "%s" without the metadata of a layout that it lacks',
    (below) => {
      expect(itemOf(below, '10.0.0.5:80', { layout: '{zone}/{instance}' })).toEqual(at('10.0.0.5', 80));
    },
  );

  it('needs the other parts of a layout in the key as they are', () => {
    const spec = { layout: 'v1/{instance}' };
    expect(itemOf('v1/i1', '10.0.0.5:80', spec)).toHaveProperty('instance.metadata', { instance: 'i1' });
    expect(itemOf('v2/i1', '10.0.0.5:80', spec)).toHaveProperty('instance.metadata', {});
  });

  it('lets the key win over metadata of the value', () => {
    const value = '{"addr":"10.0.0.5:80","metadata":{"zone":"b","env":"prod"}}';
    expect(itemOf('a/i1', value, { layout: '{zone}/{instance}' })).toHaveProperty('instance.metadata', {
      zone: 'a',
      instance: 'i1',
      env: 'prod',
    });
  });

  it('keeps names that a prototype has as plain names', () => {
    const value = '{"addr":"10.0.0.5:80","metadata":{"__proto__":"x","constructor":"y"}}';
    const item = itemOf('i1', value);
    const metadata = item?.kind === 'instance' ? item.instance.metadata : {};
    expect(Object.entries(metadata)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
    ]);
    expect(Object.getPrototypeOf(metadata)).toBe(Object.prototype);
  });

  it('reads anything that is near to a registration without throwing, and repeats nothing of it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...formatNames), anyValue(), anyValue(), (format, below, value) => {
        const { items } = read(below, value, { format });
        expect(items.length).toBeGreaterThan(0);
        for (const item of items) {
          if (item.kind === 'instance') {
            const { address, ports } = item.instance;
            expect(judgeAddress(address)).toEqual({ kind: 'address', address });
            expect(Object.values(ports).every((port) => port >= 1 && port <= 65_535)).toBe(true);
          } else {
            expect(item.message).not.toContain('hunter2');
          }
        }
      }),
      { numRuns: 1000 },
    );
  });

  it.each([
    ['digits', (n: number) => '1'.repeat(n)],
    ['colons', (n: number) => ':'.repeat(n)],
    ['brackets', (n: number) => '['.repeat(n)],
    ['white space', (n: number) => ' '.repeat(n)],
    ['hyphens', (n: number) => `a${'-'.repeat(n)}`],
    ['labels', (n: number) => 'a.'.repeat(n / 2)],
    ['objects in objects', (n: number) => '{"a":'.repeat(n / 6) + 1 + '}'.repeat(n / 6)],
    [
      'fields of one name',
      (n: number) =>
        `{${Array(Math.floor(n / 12))
          .fill('"addr":"a"')
          .join()}}`,
    ],
    ['fields of other names', (n: number) => `{${Array.from({ length: n / 12 }, (_, i) => `"a${i}":1`)}}`],
    ['metadata', (n: number) => `{"metadata":{${Array.from({ length: n / 12 }, (_, i) => `"a${i}":1`)}}}`],
  ])('takes time in proportion to the length of %s', (_, make) => {
    const reader = compileReader(base, limits);
    const bestMs = (value: Buffer) => Math.min(...Array.from({ length: 5 }, () => timeOf(reader, value)));
    const short = bestMs(Buffer.from(make(16 * 1024)));
    const long = bestMs(Buffer.from(make(128 * 1024)));
    // Eight times the length: 8 times the time, with room for a busy machine; a quadratic reader takes 64 times or seconds.
    expect(long).toBeLessThan(Math.max(30, 32 * short));
  });
});

describe('rangeOf', () => {
  it.each([
    [{ prefix: '/web', separator: '/' }, '/web/a', '/web-admin'],
    [{ prefix: '/web/', separator: '/' }, '/web/a', '/web'],
    [{ prefix: 'user.rpc', separator: '.' }, 'user.rpc.1', 'user.rpcs'],
    [{ prefix: '/web', separator: '' }, '/web-admin', '/we'],
    [{ key: '/web', separator: '/' }, '/web', '/web/a'],
  ])('%j holds %s and not %s', (source, inside, outside) => {
    const range = rangeOf(source);
    expect(rangeHolds(range, keyOf(inside))).toBe(true);
    expect(rangeHolds(range, keyOf(outside))).toBe(false);
  });
});

function timeOf(reader: ReturnType<typeof compileReader>, value: Buffer): number {
  const start = performance.now();
  reader({ key: keyOf('/services/web/i1'), value });
  return performance.now() - start;
}

/** Values as registrars write them, broken in all ways, with a secret in them. */
function anyValue(): fc.Arbitrary<string> {
  const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), fc.constantFrom('', 'hunter2', '[', '010.0.0.1'));
  const port = fc.oneof(fc.integer(), fc.constantFrom('80x', 'hunter2', 0, 80, 65_536));
  const hostPort = fc.tuple(host, port).map(([h, p]) => `${h}:${p}`);
  const name = fc.constantFrom(
    'addr',
    'Address',
    'host',
    'ip',
    'port',
    'servicePort',
    'metadata',
    'password',
  );
  const field = fc.oneof(host, port, hostPort, fc.constant('hunter2'), fc.jsonValue());
  const object = fc.dictionary(fc.oneof(name, fc.string()), field);
  const json = fc.oneof(object, fc.array(object), fc.jsonValue()).map((value) => JSON.stringify(value));
  const cut = json.chain((text) => fc.nat(text.length).map((end) => `${text.slice(0, end)}hunter2`));
  return fc.oneof(hostPort, host, json, cut, fc.string(), fc.constant(''));
}
