import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { etcdService, type WireWatchResponse } from '../../../test/kit/etcd-wire.ts';
import { watchMessage as encode, watchResponse } from '../../../test/kit/watch-response.ts';
import { messageParts, watchResponseParts } from './message-parts.ts';

const watch = etcdService('Watch').service['Watch'];

function partsOf(message: Buffer): readonly WireWatchResponse[] {
  return Array.from(messageParts(message, watchResponseParts), (part) =>
    watch?.responseDeserialize(part),
  ) as WireWatchResponse[];
}

const { events } = watchResponse(Array(2000).fill(1));

describe('a message', () => {
  it('stays whole where it is short', () => {
    const short = watchResponse([3, 1], { fragment: true });
    expect(partsOf(encode(short))).toEqual([watch?.responseDeserialize(encode(short))]);
    expect(partsOf(encode(watchResponse([])))).toHaveLength(1);
  });

  it('is taken apart where it is long: each part says the rest, too, and all but the last that more follows', () => {
    fc.assert(
      fc.property(fc.nat(2000), fc.boolean(), fc.nat(2 ** 30), (count, fragment, id) => {
        const whole = {
          ...watchResponse([]),
          events: events.slice(0, count),
          fragment,
          watch_id: String(id),
        };
        const parts = partsOf(encode(whole));
        expect(parts.flatMap((part) => part.events)).toEqual(
          watch?.responseDeserialize(encode(whole)).events,
        );
        expect(parts.map((part) => part.fragment)).toEqual(
          parts.map((_, index) => fragment || index < parts.length - 1),
        );
        for (const part of parts) {
          expect(part).toMatchObject({ header: whole.header, watch_id: whole.watch_id, created: false });
          expect(encode(part).length).toBeLessThan(10 * 1024);
        }
      }),
      { numRuns: 10 },
    );
    expect(partsOf(encode({ ...watchResponse([]), events })).length).toBeGreaterThan(5);
  });

  it('is taken apart so that one item is never divided, however long it is', () => {
    const value = Buffer.alloc(100_000, 'x');
    const long = events.slice(0, 3).map((event) => ({ ...event, kv: { ...event.kv, value } }));
    const parts = partsOf(encode({ ...watchResponse([]), events: long }));
    expect(parts.map((part) => part.events.length)).toEqual([1, 1, 1]);
  });

  it('stays whole where other fields make it long: each part would hold them all', () => {
    const reason = 'no '.repeat(5000);
    expect(partsOf(encode({ ...watchResponse([]), cancel_reason: reason, events }))).toHaveLength(1);
    const created = Buffer.alloc(100_000, Buffer.from([0x18, 0x01]));
    expect(partsOf(created)).toHaveLength(1);
  });

  it('is refused where it is none', () => {
    const message = encode({ ...watchResponse([]), events });
    expect(() => partsOf(message.subarray(0, -1))).toThrow('middle');
    expect(() => partsOf(Buffer.alloc(100_000, 0xff))).toThrow('number');
    expect(() => partsOf(Buffer.alloc(100_000, 0x0b))).toThrow('wire type 3');
  });
});
