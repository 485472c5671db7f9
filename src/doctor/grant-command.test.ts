import { execFileSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { bufferOf } from '../etcd/bytes.ts';
import { keyOf, prefixRange, singleRange } from '../etcd/key.ts';
import type { Key, KeyRange } from '../etcd/types.ts';
import { grantCommand } from './grant-command.ts';

const granted = (range: KeyRange) =>
  grantCommand(range).replace('etcdctl role grant-permission ROLE read ', '');

describe('the command that grants a range', () => {
  it.each([
    ['a prefix', prefixRange(keyOf('/services/web/')), '--prefix /services/web/'],
    ['one key, and no other that begins like it', singleRange(keyOf('/services/web')), '/services/web'],
    ['everything', prefixRange(keyOf('')), "--prefix ''"],
    ['what comes after a key', { start: keyOf('/b'), end: '\0' as Key }, '--from-key /b'],
    ['what lies between two keys', { start: keyOf('/b'), end: keyOf('/d') }, '/b /d'],
  ])('is for %s', (_, range, wanted) => {
    expect(granted(range)).toBe(wanted);
  });

  it.each(['/a b/', "/it's; rm -rf $HOME `id`/", '/tab\tand\nline/', '/größe/', '/\u202emarked/'])(
    'gives a shell the very bytes of %j',
    (text) => {
      const word = granted(singleRange(keyOf(text)));
      expect(word).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(execFileSync('bash', ['-c', `printf %s ${word}`])).toEqual(Buffer.from(text));
    },
  );

  it('gives a shell bytes that are no text', () => {
    const key = '/\xff\x01/' as Key;
    expect(execFileSync('bash', ['-c', `printf %s ${granted(singleRange(key))}`])).toEqual(bufferOf(key));
  });
});
