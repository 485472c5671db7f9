import { describe, expect, it } from 'vitest';
import { entryOf } from '../../src/formats/entry.ts';
import type { Item } from '../../src/formats/types.ts';
import { words } from './example-format.ts';

const source = { prefix: '/words/web', separator: '/' };
const instance = { address: '10.0.0.5', ports: { '': 8080 }, ready: true, metadata: { zone: 'a' } };

function read(below: string, value: string): readonly Item[] {
  return words.compile(undefined)(entryOf(source, `/words/web/${below}`, value), () => undefined).items;
}

describe('the format that the documentation shows', () => {
  it('reads its example', () => {
    expect(read('vm-1', '10.0.0.5 8080 zone=a')).toEqual([{ kind: 'instance', instance }]);
  });

  it('refuses what is no address, and ignores what is nothing', () => {
    expect(read('vm-1', 'localhost 8080')).toMatchObject([{ kind: 'rejected', reason: 'HostName' }]);
    expect(read('vm-1', '10.0.0.5 0')).toMatchObject([{ kind: 'rejected', reason: 'InvalidPort' }]);
    expect(read('vm-1', ' ')).toMatchObject([{ kind: 'ignored' }]);
  });

  it('reads what it writes', () => {
    const written = words.write({ service: 'web', id: 'vm-1', instance });
    expect(written).toEqual({ below: 'vm-1', value: '10.0.0.5 8080 zone=a' });
    expect(words.recognises?.(entryOf(source, '/words/web/vm-1', '10.0.0.5 8080 zone=a'))).toBe(true);
  });
});
