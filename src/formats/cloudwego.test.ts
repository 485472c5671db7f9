import { describe, expect, it } from 'vitest';
import { instance, readerOf } from '../../test/kit/read-items.ts';

const readKitex = readerOf({ format: 'kitex', prefix: 'kitex/registry-etcd/echo' });
const readHertz = readerOf({ format: 'hertz', prefix: 'hertz/registry-etcd/hello' });

describe.each([
  ['kitex', readKitex, 'kitex/registry-etcd/echo'],
  ['hertz', readHertz, 'hertz/registry-etcd/hello'],
] as const)('%s', (format, read, prefix) => {
  const key = `${prefix}/10.0.0.5:8888`;
  const info = { network: 'tcp', address: '10.0.0.5:8888', weight: 10, tags: { zone: 'a' } };

  it('reads address, weight and tags', () => {
    expect(read(key, info)).toEqual([instance('10.0.0.5', 8888, { weight: '10', zone: 'a' })]);
    expect(read(key, { ...info, tags: null })).toEqual([instance('10.0.0.5', 8888, { weight: '10' })]);
  });

  it.each([
    [0, '10'],
    [-1, '10'],
    [null, '10'],
    ['heavy', '10'],
    [25, '25'],
    ['25', '25'],
  ])('takes the weight %j as %s', (weight, text) => {
    expect(read(key, { ...info, weight, tags: null })).toEqual([
      instance('10.0.0.5', 8888, { weight: text }),
    ]);
  });

  it('reads IPv6 in brackets, and guesses nothing without', () => {
    expect(read(key, { ...info, address: '[fd00::5]:8888' })).toMatchObject([
      { instance: { address: 'fd00::5', ports: { '': 8888 } } },
    ]);
    expect(read(key, { ...info, address: 'fd00::5:8888' })).toMatchObject([{ reason: 'Ambiguous' }]);
  });

  it.each([
    [{ ...info, address: '' }, 'NoAddress'],
    [{ ...info, address: null }, 'InvalidSyntax'],
    [{ ...info, network: 'unix', address: '/tmp/echo.sock' }, 'InvalidSyntax'],
    [{ ...info, address: ':8888' }, 'InvalidSyntax'],
    ['', 'InvalidSyntax'],
  ])('refuses %j as %s', (value, reason) => {
    expect(read(key, value)).toMatchObject([{ kind: 'rejected', reason }]);
  });

  it('reads keys without a root', () => {
    const readBare = readerOf({ format, prefix: '/echo' });
    expect(readBare('/echo/10.0.0.5:8888', info)).toMatchObject([{ kind: 'instance' }]);
  });
});
