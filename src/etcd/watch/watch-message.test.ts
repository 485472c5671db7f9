import { expect, it } from 'vitest';
import { watchResponse } from '../../../test/kit/watch-response.ts';
import type { WatchResponse } from '../client/etcd3.ts';
import { partsOf, type WatchMessage } from './watch-message.ts';

function read(whole: WatchResponse): readonly WatchMessage[] {
  return Array.from(partsOf(whole), (part) => part());
}

function sizes(messages: readonly WatchMessage[]): readonly number[] {
  return messages.map(({ changes }) => changes.length);
}

it('hands on what is short in one go, also where it has no events', () => {
  expect(sizes(read(watchResponse([])))).toEqual([0]);
  expect(sizes(read(watchResponse([3, 1])))).toEqual([4]);
});

it('hands on what is long in parts that say the same, in order', () => {
  const parts = read(watchResponse(Array(1000).fill(1)));
  expect(sizes(parts)).toEqual([250, 250, 250, 250]);
  const revisions = parts.flatMap(({ changes }) => changes.map(({ revision }) => revision));
  expect(revisions).toEqual(Array.from({ length: 1000 }, (_, index) => index + 1));
});

it('splits no revision', () => {
  expect(sizes(read(watchResponse([249, 100, 1])))).toEqual([349, 1]);
  expect(sizes(read(watchResponse([400])))).toEqual([400]);
});

it('says of the last part alone that more of its revision follows', () => {
  const parts = read(watchResponse([250, 5], { fragment: true }));
  expect(parts.map(({ fragment }) => fragment)).toEqual([false, true]);
});
