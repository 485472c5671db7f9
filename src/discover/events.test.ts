import { describe, expect, it } from 'vitest';
import { keyOfBytes } from '../../test/kit/key-of-bytes.ts';
import { keyOf } from '../etcd/key.ts';
import { type DiscoverEvent, jsonLine, keyEvent, textLine } from './events.ts';

const instance = { address: 'fd00::1', ports: { '': 80, grpc: 9000 }, ready: true, metadata: { zone: 'a' } };

const web = {
  key: keyOf('/web/1'),
  createRevision: 3,
  modRevision: 5,
  lease: '123456789012345678',
  format: 'json',
  items: [
    { kind: 'instance', instance },
    { kind: 'rejected', reason: 'InvalidPort', message: 'port is no whole number' },
    { kind: 'ignored', message: 'a placeholder' },
  ],
} as const;

describe('an event', () => {
  it('of a registration has all that its format read', () => {
    expect(JSON.parse(jsonLine(keyEvent(web.key, web, 7)))).toEqual({
      type: 'put',
      revision: 7,
      key: '/web/1',
      createRevision: 3,
      modRevision: 5,
      lease: '01b69b4ba630f34e',
      format: 'json',
      instances: [instance],
      rejected: [{ reason: 'InvalidPort', message: 'port is no whole number' }],
      ignored: 1,
    });
  });

  it('of a key that is not UTF-8 has its bytes too', () => {
    const key = keyOfBytes(Buffer.from([0x2f, 0xff, 0x61]));
    expect(JSON.parse(jsonLine(keyEvent(key, undefined, 9)))).toEqual({
      type: 'delete',
      revision: 9,
      key: '/\\xffa',
      keyBase64: 'L/9h',
    });
  });

  it.each(['\x1b[2J', '\u009b', '\u202e', '\u2028', '\u{e0041}', 'é日本'])(
    'is one line of JSON that means %j and moves no terminal',
    (text) => {
      const line = jsonLine({ type: 'delete', revision: 1, key: text });
      expect(JSON.parse(line).key).toBe(text);
      expect(line.trimEnd()).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
    },
  );

  it.each<[DiscoverEvent, string]>([
    [
      keyEvent(web.key, web, 7),
      '7 put /web/1 [fd00::1]:80 grpc:9000 ready; rejected InvalidPort: port is no whole number; ignored',
    ],
    [keyEvent(keyOf('/web/\x07'), undefined, 8), '8 delete /web/\\u{7}'],
    [{ type: 'synced', revision: 8, keys: 1 }, '8 synced 1 key'],
    [
      { type: 'level', revision: 8, key: '/web/', registration: false, state: 'partly', up: 1, of: 2 },
      '8 level /web/ partly up 1/2',
    ],
    [
      { type: 'level', revision: 9, key: '/web/', registration: false, state: 'gone', up: 0, of: 0 },
      '9 level /web/ gone',
    ],
    [{ type: 'merged', events: 3 }, '- merged 3 events, each followed by a later one of its key'],
    [
      { type: 'lease', key: '/web/1', lease: 'ab', grantedSeconds: 15, remainingSeconds: 9 },
      '- lease /web/1 ab 9 of 15 s',
    ],
  ])('is said to people in a line', (event, line) => {
    expect(textLine(event)).toBe(`${line}\n`);
  });
});
