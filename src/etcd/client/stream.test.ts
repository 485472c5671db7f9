import { EventEmitter } from 'node:events';
import type { ClientDuplexStream } from '@grpc/grpc-js';
import { beforeEach, expect, it } from 'vitest';
import { turns } from '../../../test/kit/fake-clock.ts';
import { etcdError } from '../errors.ts';
import { type EtcdStream, openStream } from './stream.ts';

class Call extends EventEmitter {
  /** What the stream was asked for, in order. */
  readonly asked: string[] = [];
  readonly cancel = (): void => void this.asked.push('cancel');
  readonly pause = (): void => void this.asked.push('pause');
  readonly resume = (): void => void this.asked.push('resume');

  receive(text: string): void {
    this.emit('data', Buffer.from(text));
  }
}

let call: Call;
let told: string[];
let ended: string[];
let stream: EtcdStream<object>;
let onMessage: (word: string) => void;

beforeEach(() => {
  call = new Call();
  [told, ended] = [[], []];
  onMessage = (word) => void told.push(word);
  stream = openStream(
    call as unknown as ClientDuplexStream<object, Buffer>,
    {
      // Words are the parts of a message.
      parts: (bytes) => bytes.toString().split(' ').map(Buffer.from),
      decode: (part) => {
        if (part.length === 0) {
          throw new Error('an empty word');
        }
        return part.toString();
      },
    },
    { message: (word) => onMessage(word), ended: (error) => void ended.push(error.message) },
    (error) => etcdError(error, 'etcd-1:2379', 'Watch.Watch'),
  );
});

it('hands over the parts of messages in order, not before whoever received them has returned', async () => {
  call.receive('one two');
  call.receive('three');
  expect(told).toEqual([]);
  await turns(1);
  expect(told).toEqual(['one', 'two', 'three']);
});

it('has the server wait while much is still to be handed over, and go on afterwards', async () => {
  call.receive('one');
  expect(call.asked, 'what is handed over at once').not.toContain('pause');
  await turns(1);
  call.asked.length = 0;
  call.receive('one two three');
  call.receive('four');
  expect(call.asked).toContain('pause');
  expect(call.asked).not.toContain('resume');
  await turns(1);
  expect(call.asked.at(-1)).toBe('resume');
});

it('leaves the event loop room where handing over takes long', async () => {
  let turned = 0;
  onMessage = (word) => {
    told.push(word);
    const until = performance.now() + 15;
    while (performance.now() < until) {
      // Blocks, as a user does that reads many registrations.
    }
  };
  call.receive('one two three');
  setImmediate(() => {
    turned = told.length;
  });
  await turns(5);
  expect(turned, 'handed over before the event loop went round').toBeLessThan(3);
  expect(told).toEqual(['one', 'two', 'three']);
});

it.each([
  ['cancelled', () => stream.cancel(), []],
  ['ended by the server', () => call.emit('status', { details: 'bye' }), [expect.stringContaining('bye')]],
])('hands over nothing once it is %s', async (_, end, reasons) => {
  call.receive('one two');
  end();
  call.receive('three');
  await turns(1);
  expect(told).toEqual([]);
  expect(ended).toEqual(reasons);
});

it.each([
  ['cannot be read', 'one  two'],
  ['cannot be handled', 'one bad two'],
])('ends, once, where a part %s', async (_, message) => {
  onMessage = (word) => {
    if (word === 'bad') {
      throw new Error('a bad word');
    }
    told.push(word);
  };
  call.receive(message);
  await turns(1);
  call.emit('status', { details: 'cancelled' });
  expect(told).toEqual(['one']);
  expect(ended).toEqual([expect.stringContaining('could not be handled')]);
  expect(call.asked).toContain('cancel');
});
