import { describe, expect, it } from 'vitest';
import { instance, readerOf } from '../../test/kit/read-items.ts';

const prefix = 'com/example/rpcx/Arith';
const read = readerOf({ format: 'rpcx', prefix });
const server = `${prefix}/tcp@10.0.0.5:8972`;

describe('rpcx', () => {
  it('reads the address in the key and the metadata in the value', () => {
    expect(read(server, 'weight=10&group=test')).toEqual([
      instance('10.0.0.5', { tcp: 8972 }, { weight: '10', group: 'test' }),
    ]);
    expect(read(`${prefix}/quic@[fd00::5]:8972`, '')).toEqual([instance('fd00::5', { quic: 8972 })]);
    expect(read(`${prefix}/10.0.0.5:8972`, '')).toEqual([instance('10.0.0.5', 8972)]);
  });

  it('keeps an inactive server as one that is not ready', () => {
    expect(read(server, 'weight=10&group=test&state=inactive')).toEqual([
      instance('10.0.0.5', { tcp: 8972 }, { weight: '10', group: 'test', state: 'inactive' }, false),
    ]);
  });

  it('reads the same while a server writes its figures anew', () => {
    const before = read(server, 'calls=0.00&connections=1.00&weight=10');
    expect(read(server, 'calls=17.25&connections=3.50&weight=10')).toEqual(before);
    expect(read(server, 'tps=4&weight=10')).toEqual(before);
    expect(before).toEqual([instance('10.0.0.5', { tcp: 8972 }, { weight: '10' })]);
  });

  it.each([
    ['com/example/rpcx', 'rpcx_path'],
    ['com/example/rpcx/Arith', 'Arith'],
    ['com/example/rpcx/Arith/', ''],
  ])('ignores the placeholder %s', (key, value) => {
    expect(readerOf({ format: 'rpcx', prefix: 'com/example', separator: '/' })(key, value)).toMatchObject([
      { kind: 'ignored' },
    ]);
    expect(readerOf({ format: 'rpcx', prefix: key, separator: '' })(key, value)).toMatchObject([
      { kind: 'ignored' },
    ]);
  });

  it('joins several groups, and takes the servers of one of them where it is asked for', () => {
    expect(read(server, 'group=a&group=b')).toEqual([instance('10.0.0.5', { tcp: 8972 }, { group: 'a,b' })]);
    const readGroup = readerOf({ format: 'rpcx', prefix, rpcx: { group: 'b' } });
    expect(readGroup(server, 'group=a&group=b')).toMatchObject([{ kind: 'instance' }]);
    expect(readGroup(server, 'group=a')).toMatchObject([{ kind: 'ignored' }]);
    expect(readGroup(server, '')).toMatchObject([{ kind: 'ignored' }]);
  });

  it.each([
    ['tcp@vm-1:8972', 'HostName'],
    ['tcp@fd00::5:8972', 'Ambiguous'],
    ['tcp@10.0.0.5:0', 'InvalidPort'],
    ['unix@/tmp/rpcx.sock', 'InvalidSyntax'],
    ['web', 'HostName'],
    ['tcp@', 'NoAddress'],
  ])('refuses the key %s as %s', (below, reason) => {
    expect(read(`${prefix}/${below}`, 'weight=1')).toMatchObject([{ kind: 'rejected', reason }]);
  });
});
