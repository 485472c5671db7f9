import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { watchMessage as encoded, watchResponse } from '../../../test/kit/watch-response.ts';
import { keyValue, registrationIn, revision, uint64 } from '../../../test/kit/wire-arbitraries.ts';
import { messageParts, watchResponseParts } from './message-parts.ts';
import { noWatchId, type WatchAnswer, watchAnswerOf } from './watch-answer.ts';

const event = fc.record({
  type: fc.constantFrom('Put', 'Delete'),
  kv: keyValue,
  prev_kv: fc.option(keyValue, { nil: undefined }),
});
const response = fc.record({
  header: fc.record({ cluster_id: uint64, member_id: uint64, revision, raft_term: uint64 }),
  watch_id: fc.integer({ min: -1 }).map(String),
  created: fc.boolean(),
  canceled: fc.boolean(),
  compact_revision: revision,
  cancel_reason: fc.string({ unit: 'binary', maxLength: 50 }),
  fragment: fc.boolean(),
  events: fc.array(event, { maxLength: 5 }),
});

type Response = typeof response extends fc.Arbitrary<infer R> ? R : never;

/** What the answer is to be, made without a line of what reads it. */
function answerOf({ header, events, ...others }: Response): WatchAnswer {
  const { watch_id, compact_revision, cancel_reason, ...same } = others;
  const changes = events.map(({ type, kv }) => {
    const registration = registrationIn(kv);
    const { key, modRevision } = registration;
    return { key, revision: modRevision, registration: type === 'Put' ? registration : undefined };
  });
  return {
    ...same,
    watchId: Number(watch_id),
    clusterId: header.cluster_id,
    revision: Number(header.revision),
    compactRevision: Number(compact_revision),
    cancelReason: cancel_reason,
    changes,
    isReadable: true,
  } as unknown as WatchAnswer;
}

const empty: WatchAnswer = {
  watchId: 0,
  created: false,
  canceled: false,
  cancelReason: '',
  fragment: false,
  clusterId: '0',
  revision: 0,
  compactRevision: 0,
  changes: [],
  isReadable: true,
};

describe('an answer on a stream of watches', () => {
  it('is read as its protobuf library has written it', () => {
    fc.assert(
      fc.property(response, (sent) => {
        expect(watchAnswerOf(encoded(sent))).toEqual(answerOf(sent));
      }),
      { numRuns: 1000 },
    );
  });

  it('says nothing where its fields are left out on the wire, as those are that are zero', () => {
    expect(watchAnswerOf(Buffer.alloc(0))).toEqual(empty);
  });

  it('that refuses a create is for no single watch', () => {
    const refusal = { watch_id: '-1', created: true, canceled: true, cancel_reason: 'no' };
    expect(watchAnswerOf(encoded(refusal))).toMatchObject({ watchId: noWatchId, cancelReason: 'no' });
  });

  it('may have fields that are not known yet, wherever they stand', () => {
    const unknown = Buffer.from([
      ...[0xf8, 0x01, 0x05],
      ...[0xfa, 0x01, 2, 1, 2],
      ...[0xfd, 0x01, 1, 2, 3, 4],
    ]);
    const known = encoded({ watch_id: '3', events: [{ kv: { key: Buffer.from('k'), mod_revision: '5' } }] });
    expect(watchAnswerOf(Buffer.concat([unknown, known, unknown]))).toMatchObject({
      watchId: 3,
      isReadable: true,
      changes: [{ key: 'k', revision: 5 }],
    });
  });

  const kv = { key: Buffer.from('k'), mod_revision: '5' };

  it.each<[string, object]>([
    ['a revision of its own', { header: { revision: String(2n ** 53n) } }],
    ['a compacted revision', { compact_revision: '-1' }],
    ['the revision of an event', { events: [{ kv }, { kv: { ...kv, mod_revision: String(2n ** 53n) } }] }],
    ['when a key was made', { events: [{ kv: { ...kv, create_revision: '-7' } }] }],
  ])('tells its watch nothing, and still which watch that is, where %s cannot be read', (_, unreadable) => {
    const envelope = { watch_id: '9', fragment: true };
    const answer = watchAnswerOf(encoded({ header: { revision: '7' }, ...envelope, ...unreadable }));
    expect(answer).toEqual({ ...empty, watchId: 9, fragment: true, isReadable: false });
  });

  it('is none where its bytes are no message, also within an event', () => {
    const sound = encoded({ watch_id: '9', events: [{ kv }] });
    expect(() => watchAnswerOf(sound.subarray(0, -1))).toThrow('middle');
    // A watch id that is text.
    expect(() => watchAnswerOf(Buffer.from([0x12, 1, 0x31]))).toThrow('field 2');
    // A key that reaches beyond its event.
    const broken = Buffer.from(sound);
    broken[broken.indexOf(Buffer.from([0x0a, 1, 0x6b])) + 1] = 100;
    expect(() => watchAnswerOf(broken)).toThrow('middle');
    expect(() => watchAnswerOf(encoded({ watch_id: '9', events: [{ type: 'Delete' }] }))).toThrow('key');
  });

  it('says the same in parts as it does whole', () => {
    const whole = encoded(watchResponse(Array(1000).fill(1)));
    const parts = Array.from(messageParts(whole, watchResponseParts), watchAnswerOf);
    expect(parts.length).toBeGreaterThan(2);
    const { changes, ...same } = watchAnswerOf(whole);
    expect(parts.flatMap((part) => part.changes)).toEqual(changes);
    for (const [index, { changes: _, ...others }] of parts.entries()) {
      expect(others).toEqual({ ...same, fragment: index < parts.length - 1 });
    }
  });
});
