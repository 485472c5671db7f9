import { describe, expect, it } from 'vitest';
import { instance, readAll, readOne, refused } from '../../test/kit/read-items.ts';
import { bytesOf } from '../etcd/bytes.ts';
import { keyOf, rangeHolds } from '../etcd/key.ts';
import type { Key } from '../etcd/types.ts';
import { compileReader, type ReaderSpec } from './read.ts';
import { rangeOf } from './source.ts';
import type { Item, Reading } from './types.ts';

const base: ReaderSpec = { prefix: '/services/web', separator: '/', format: 'auto' };
const limits = { maxValueBytes: 256 * 1024 };

function read(below: string, value: string | Buffer, spec: Partial<ReaderSpec> = {}): Reading {
  return readOne({ ...base, ...spec }, `/services/web/${below}`, value);
}

function itemOf(below: string, value: string | Buffer, spec: Partial<ReaderSpec> = {}): Item | undefined {
  return read(below, value, spec).items[0];
}

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
    expect(reader({ key: binary, value: bytesOf('10.0.0.5:80') }).items).toEqual([
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
      expect(itemOf(below, '10.0.0.5:80', { layout: '{zone}/{instance}' })).toEqual(instance('10.0.0.5', 80));
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

  it('lets a format look up other keys, whole and by their text, and tells it of none that is no text or too large', () => {
    const spec = { prefix: '/service/batman', format: 'patroni' } as const;
    const leader = '/service/batman/leader';
    const member = '/service/batman/members/pg-ä';
    const value = '{"conn_url":"postgres://10.0.0.5:5432/postgres"}';
    const kindWith = (leading: string | Buffer) =>
      readAll(spec, { [leader]: leading, [member]: value })[member]?.items[0]?.kind;
    expect(kindWith('pg-ä')).toBe('instance');
    expect(kindWith(Buffer.from([0x70, 0xff]))).toBe('ignored');
    expect(kindWith('pg-ä'.repeat(100_000))).toBe('ignored');
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
