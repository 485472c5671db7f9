import { expect, it } from 'vitest';
import type { WatchResponse } from '../client/etcd3.ts';
import { partsOf, type WatchMessage } from './watch-message.ts';

/** A response with so many events of each revision, from 1 on. */
function response(counts: readonly number[], fragment = false): WatchResponse {
  const events = counts.flatMap((count, index) =>
    Array.from({ length: count }, (_, place) => ({
      type: 'Put',
      kv: {
        key: Buffer.from(`/web/${place}`),
        value: Buffer.from('10.0.0.1:80'),
        create_revision: '1',
        mod_revision: String(index + 1),
        version: '1',
        lease: '0',
      },
    })),
  );
  return {
    header: { cluster_id: '7', member_id: '1', revision: '1000', raft_term: '2' },
    watch_id: '3',
    created: false,
    canceled: false,
    compact_revision: '0',
    cancel_reason: '',
    fragment,
    events,
  } as unknown as WatchResponse;
}

function read(whole: WatchResponse): readonly WatchMessage[] {
  return Array.from(partsOf(whole), (part) => part());
}

function sizes(messages: readonly WatchMessage[]): readonly number[] {
  return messages.map(({ changes }) => changes.length);
}

it('hands on what is short in one go, also where it has no events', () => {
  expect(sizes(read(response([])))).toEqual([0]);
  expect(sizes(read(response([3, 1])))).toEqual([4]);
});

it('hands on what is long in parts that say the same, in order', () => {
  const parts = read(response(Array(1000).fill(1)));
  expect(sizes(parts)).toEqual([250, 250, 250, 250]);
  const revisions = parts.flatMap(({ changes }) => changes.map(({ revision }) => revision));
  expect(revisions).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
});

it('splits no revision', () => {
  expect(sizes(read(response([249, 100, 1])))).toEqual([349, 1]);
  expect(sizes(read(response([400])))).toEqual([400]);
});

it('says of the last part alone that more of its revision follows', () => {
  const parts = read(response([250, 5], true));
  expect(parts.map(({ fragment }) => fragment)).toEqual([false, true]);
});
