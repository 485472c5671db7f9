import { beforeEach, expect, it } from 'vitest';
import { FakeClock, turns } from '../../../test/kit/fake-clock.ts';
import { watchResponse } from '../../../test/kit/watch-response.ts';
import type { ReadingClient, StreamHandler } from '../client/client.ts';
import type { WatchResponse } from '../client/etcd3.ts';
import { keyOf, prefixRange } from '../key.ts';
import type { Change } from '../types.ts';
import { type LossReason, positionAfter } from './resume.ts';
import { type StreamWatch, WatchStream } from './watch-stream.ts';

let handler: StreamHandler<WatchResponse>;
/** What the stream was asked for, in order. */
let asked: string[];
let stream: WatchStream;
let watch: StreamWatch & { readonly told: Change[] };

const client = {
  openStream: async (_: unknown, given: StreamHandler<WatchResponse>) => {
    handler = given;
    return {
      member: 'etcd-1:2379',
      send: () => undefined,
      cancel: () => asked.push('cancel'),
      pause: () => asked.push('pause'),
      resume: () => asked.push('resume'),
    };
  },
} as unknown as ReadingClient;

const never = (): never => {
  throw new Error('This is not to be told');
};

beforeEach(async () => {
  asked = [];
  stream = await WatchStream.open(client, new FakeClock(), { onLife: () => undefined });
  const told: Change[] = [];
  watch = {
    told,
    range: prefixRange(keyOf('/web/')),
    position: positionAfter(0, '7'),
    isProbe: false,
    created: () => undefined,
    advanced: (changes) => void told.push(...changes),
    lost: never,
    refused: never,
  };
  stream.add(watch);
  handler.message(watchResponse([], { watch_id: '0', created: true }));
});

it('gives a watch up where a message says what cannot be read, for that would come again, and goes on with the others', async () => {
  const other = { ...watch, told: [] as Change[] };
  stream.add({ ...other, advanced: (changes) => void other.told.push(...changes) });
  const losses: LossReason[] = [];
  watch.lost = (reason) => void losses.push(reason);
  const unreadable = watchResponse([1], { watch_id: '0' });
  const [event] = unreadable.events;
  Object.assign(event?.kv ?? {}, { mod_revision: '99999999999999999999' });

  handler.message(watchResponse([1], { watch_id: '0' }));
  handler.message(unreadable);
  handler.message(watchResponse([1, 1, 1], { watch_id: '0' }));
  handler.message(watchResponse([1], { watch_id: '1' }));
  await turns(3);

  expect(losses).toEqual(['message-unreadable']);
  expect(watch.told).toHaveLength(1);
  expect(watch.position.next).toBe(2);
  expect(other.told).toHaveLength(1);
  expect(asked).not.toContain('cancel');
});

it('has the server wait while much is still to be told, and go on afterwards', async () => {
  await turns(1);
  asked = [];
  handler.message(watchResponse(Array(1000).fill(1), { watch_id: '0' }));
  expect(asked, 'four parts, of which three come while one waits').toContain('pause');
  expect(watch.told, 'not before the caller has returned').toHaveLength(0);

  await turns(3);
  expect(watch.told.map(({ revision }) => revision)).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1));
  expect(asked.at(-1)).toBe('resume');
});

it('does not have the server wait for what is told at once', async () => {
  await turns(1);
  asked = [];
  handler.message(watchResponse([250], { watch_id: '0' }));
  expect(asked).not.toContain('pause');
});
