import { expect, it } from 'vitest';
import { FakeClock, turns } from '../../test/kit/fake-clock.ts';
import { FakeTerminal } from '../../test/kit/fake-terminal.ts';
import { bytesOf } from '../etcd/bytes.ts';
import { keyOf } from '../etcd/key.ts';
import type { Change, MirroredRange } from '../etcd/types.ts';
import { compileReader } from '../formats/read.ts';
import { LeaseBook } from './lease-book.ts';
import { liveTable, liveTree } from './live.ts';

const source = { prefix: '/web', separator: '/' };
const range = {} as MirroredRange;

function put(key: string, value: string, revision: number): Change {
  const registration = {
    key: keyOf(key),
    value: bytesOf(value),
    createRevision: 1,
    modRevision: revision,
    lease: '255',
  };
  return { key: keyOf(key), registration, revision };
}

function gone(key: string, revision: number): Change {
  return { key: keyOf(key), registration: undefined, revision };
}

function terminal() {
  const clock = new FakeClock();
  const out = new FakeTerminal();
  const read = compileReader({ ...source, format: 'auto' }, { maxValueBytes: 1_000 });
  return { clock, out, deps: { out, colour: false, read, source, clock } };
}

it('shows a table that follows every change in its place', async () => {
  const { clock, out, deps } = terminal();
  const view = liveTable(deps, undefined);
  clock.advance(0);
  expect(out.seen).toBe('/web/  waiting for etcd');
  view.changed([put('/web/1', '10.0.0.1:80', 4), put('/web/2', '10.0.0.2:80', 5)]);
  view.synced(range);
  clock.advance(100);
  expect(out.seen.split('\n')).toEqual([
    '/web/  2 keys, 2 ready (revision 5)',
    'KEY     INSTANCE     STATE',
    '/web/1  10.0.0.1:80  ready',
    '/web/2  10.0.0.2:80  ready',
  ]);
  view.changed([gone('/web/1', 6), put('/web/2', '127.0.0.1:80', 7)]);
  clock.advance(100);
  expect(out.seen.split('\n')).toEqual([
    '/web/  1 key, 0 ready, 1 rejected (revision 7)',
    'KEY     INSTANCE  STATE',
    '/web/2  -         InvalidAddress: 127.0.0.1 is a loopback …',
  ]);
  view.changed([gone('/web/2', 8)]);
  await view.close(new AbortController().signal);
  expect(out.seen).toBe('/web/  0 keys, 0 ready (revision 8)');
  expect(clock.pending).toBe(0);
});

it('draws at most ten times a second, however much changes', () => {
  const { clock, out, deps } = terminal();
  const view = liveTable(deps, undefined);
  view.synced(range);
  let drawn = 0;
  for (let revision = 1; revision <= 1_000; revision += 1) {
    view.changed([put('/web/1', `10.0.0.${revision % 250}:80`, revision)]);
    clock.advance(1);
    if (out.written !== '') {
      drawn += 1;
    }
    out.written = '';
  }
  expect(drawn).toBeLessThanOrEqual(11);
  clock.advance(100);
  expect(out.seen).toContain('revision 1000');
});

it('says why etcd cannot be read while that lasts, and keeps what it knows', () => {
  const { clock, out, deps } = terminal();
  const view = liveTree(deps);
  view.changed([put('/web/1', '10.0.0.1:80', 4)]);
  view.synced(range);
  view.trouble('etcd cannot be read, trying on: no leader');
  clock.advance(100);
  expect(out.seen.split('\n')).toEqual([
    '/web/  1 of 1 up in 1 level (revision 4)',
    'etcd cannot be read, trying on: no leader',
    '/web/  up         1/1',
    '  1    up         10.0.0.1:80',
  ]);
  view.trouble(undefined);
  clock.advance(100);
  expect(out.seen).not.toContain('no leader');
});

it('counts remaining times down every second', async () => {
  const { clock, out, deps } = terminal();
  const client = { read: async () => ({ TTL: '12', grantedTTL: '15' }) as never };
  const view = liveTable(deps, new LeaseBook({ client, clock }));
  view.changed([put('/web/1', '10.0.0.1:80', 4)]);
  view.synced(range);
  await turns();
  clock.advance(1_000);
  await turns();
  expect(out.seen).toContain('/web/1  10.0.0.1:80  11 s  00000000000000ff  ready');
  clock.advance(2_000);
  expect(out.seen).toContain('/web/1  10.0.0.1:80  9 s  00000000000000ff  ready');
  await view.close(new AbortController().signal);
  expect(clock.pending).toBe(0);
});
