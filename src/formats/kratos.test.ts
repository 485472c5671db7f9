import { describe, expect, it } from 'vitest';
import { instance, readerOf } from '../../test/kit/read-items.ts';

const prefix = '/microservices/helloworld';
const read = readerOf({ format: 'kratos', prefix });
const value = (endpoints: unknown, more: object = {}) => ({
  id: '6b0f',
  name: 'helloworld',
  version: 'v1.0.0',
  metadata: null,
  endpoints,
  ...more,
});

describe('kratos', () => {
  it('reads every protocol of an instance as a port of that name', () => {
    const endpoints = ['http://10.0.0.5:8000?isSecure=false', 'grpc://10.0.0.5:9000?isSecure=false'];
    expect(read(`${prefix}/6b0f`, value(endpoints, { metadata: { zone: 'a' } }))).toEqual([
      instance('10.0.0.5', { http: 8000, grpc: 9000 }, { version: 'v1.0.0', zone: 'a' }),
    ]);
  });

  it('makes an instance of each address, in their order', () => {
    const endpoints = ['http://10.0.0.5:80', 'http://[fd00::5]:80', 'http://vm-1:80', 'grpc://10.0.0.5:90'];
    expect(read(`${prefix}/6b0f`, value(endpoints, { version: undefined }))).toEqual([
      instance('10.0.0.5', { http: 80, grpc: 90 }),
      instance('fd00::5', { http: 80 }),
      expect.objectContaining({ reason: 'HostName' }),
    ]);
  });

  it('takes the first of two ports of one scheme, as Kratos does', () => {
    expect(read(`${prefix}/6b0f`, value(['http://10.0.0.5:1', 'http://10.0.0.5:2']))).toMatchObject([
      { instance: { ports: { http: 1 } } },
    ]);
  });

  it.each([
    [[], { kind: 'ignored' }],
    [null, { kind: 'ignored' }],
    ['http://10.0.0.5:80', { kind: 'rejected', reason: 'InvalidSyntax' }],
    [[5], { kind: 'rejected', reason: 'InvalidSyntax' }],
    [['10.0.0.5:80'], { kind: 'rejected', reason: 'InvalidSyntax' }],
    [['http://fd00::5:80'], { kind: 'rejected', reason: 'Ambiguous' }],
  ])('takes no instance from the endpoints %j', (endpoints, item) => {
    expect(read(`${prefix}/6b0f`, value(endpoints))).toMatchObject([item]);
  });
});

describe('a prefix of kratos that holds several services', () => {
  const endpoints = ['http://10.0.0.5:80'];
  const other = value(endpoints, { name: 'helloworld-admin' });
  const otherKey = '/microservices/helloworld-admin/6b0f';

  it('leaves out a service whose name only begins alike', () => {
    const readAsIs = readerOf({ format: 'kratos', prefix, separator: '' });
    expect(readAsIs(otherKey, other)).toMatchObject([{ kind: 'ignored' }]);
    expect(readAsIs(`${prefix}/6b0f`, value(endpoints))).toMatchObject([{ kind: 'instance' }]);
  });

  it('reads all services where it ends before their names', () => {
    const readAll = readerOf({ format: 'kratos', prefix: '/microservices' });
    expect(readAll(otherKey, other)).toMatchObject([{ kind: 'instance' }]);
    expect(readAll(`${prefix}/6b0f`, value(endpoints))).toMatchObject([{ kind: 'instance' }]);
  });

  it('reads a single key', () => {
    const readKey = readerOf({ format: 'kratos', key: otherKey });
    expect(readKey(otherKey, other)).toMatchObject([{ kind: 'instance' }]);
  });
});
