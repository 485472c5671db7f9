import { beforeEach, expect, it } from 'vitest';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { watchAnswer, watchResponse } from '../../../test/kit/watch-response.ts';
import type { ReadingClient, StreamHandler } from '../client/client.ts';
import type { WatchRequest } from '../client/etcd3.ts';
import type { WatchAnswer } from '../client/watch-answer.ts';
import { keyOf, prefixRange } from '../key.ts';
import type { Change } from '../types.ts';
import { type LossReason, positionAfter } from './resume.ts';
import { type StreamWatch, WatchStream } from './watch-stream.ts';

let handler: StreamHandler<WatchAnswer>;
/** What the stream was asked for, in order. */
let asked: string[];
let stream: WatchStream;
let watch: StreamWatch & { readonly told: Change[] };

const client = {
  openStream: async (_: unknown, given: StreamHandler<WatchAnswer>) => {
    handler = given;
    return {
      member: 'etcd-1:2379',
      send: ({ cancel_request: cancelled }: WatchRequest) => {
        if (cancelled !== undefined) {
          asked.push(`cancel watch ${cancelled.watch_id}`);
        }
      },
      cancel: () => asked.push('cancel'),
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
  handler.message(watchAnswer(watchResponse([], { watch_id: '0', created: true })));
});

it('gives a watch up where a message says what cannot be read, for that would come again, and goes on with the others', () => {
  const other = { ...watch, told: [] as Change[] };
  stream.add({ ...other, advanced: (changes) => void other.told.push(...changes) });
  const losses: LossReason[] = [];
  watch.lost = (reason) => void losses.push(reason);
  const unreadable = watchResponse([1], { watch_id: '0' });
  const [event] = unreadable.events;
  Object.assign(event?.kv ?? {}, { mod_revision: String(2n ** 53n) });

  handler.message(watchAnswer(watchResponse([1], { watch_id: '0' })));
  handler.message(watchAnswer(unreadable));
  handler.message(watchAnswer(watchResponse([1, 1, 1], { watch_id: '0' })));
  handler.message(watchAnswer(watchResponse([1], { watch_id: '1' })));

  expect(losses).toEqual(['message-unreadable']);
  expect(watch.told).toHaveLength(1);
  expect(watch.position.next).toBe(2);
  expect(other.told).toHaveLength(1);
  expect(asked).not.toContain('cancel');
});

it('tells revisions whole, whatever parts the answer comes in', () => {
  const whole = watchResponse([2, 2, 1], { watch_id: '0' });
  handler.message(watchAnswer({ ...whole, events: whole.events.slice(0, 3), fragment: true }));
  expect(
    watch.told.map(({ revision }) => revision),
    'the second may go on',
  ).toEqual([1, 1]);
  expect(watch.position.next).toBe(2);

  handler.message(watchAnswer({ ...whole, events: whole.events.slice(3) }));
  expect(watch.told.map(({ revision }) => revision)).toEqual([1, 1, 2, 2, 3]);
  expect(watch.position.next).toBe(4);
});

it('cancels a watch that it does not know once for each answer, however many parts that comes in', () => {
  asked = [];
  const unknown = watchResponse([1, 1], { watch_id: '9' });
  handler.message(watchAnswer({ ...unknown, fragment: true }));
  handler.message(watchAnswer({ ...unknown, fragment: true }));
  expect(asked).toEqual([]);
  handler.message(watchAnswer(unknown));
  expect(asked).toEqual(['cancel watch 9']);
});
