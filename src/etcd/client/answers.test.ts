import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { etcdService } from '../../../test/kit/etcd-wire.ts';
import { keyValue, registrationIn, revision, uint64 } from '../../../test/kit/wire-arbitraries.ts';
import { type RangeAnswer, rangeAnswerOf, rangesOfTxn } from './answers.ts';

const kv = etcdService('KV').service;

function encoded(method: 'Range' | 'Txn', response: object): Buffer {
  return kv[method]?.responseSerialize(response) ?? Buffer.alloc(0);
}

const reached = fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }).map(String);
const header = fc.record({ cluster_id: uint64, member_id: uint64, revision: reached, raft_term: uint64 });
const range = fc.record({
  header,
  kvs: fc.array(keyValue, { maxLength: 5 }),
  more: fc.boolean(),
  count: revision,
});

type Range = typeof range extends fc.Arbitrary<infer R> ? R : never;

/** What the answer is to be, made without a line of what reads it. */
function answerOf({ kvs, more }: Range, { cluster_id, revision }: Range['header']): RangeAnswer {
  const registrations = kvs.map(registrationIn);
  return {
    clusterId: cluster_id,
    revision: Number(revision),
    registrations,
    more,
    bytes: kvs.reduce((sum, { key, value }) => sum + key.length + value.length, 0),
  } as unknown as RangeAnswer;
}

describe('an answer of etcd', () => {
  it('is read as its protobuf library has written it: keys and values byte for byte, numbers exact', () => {
    fc.assert(
      fc.property(range, (response) => {
        expect(rangeAnswerOf(encoded('Range', response))).toEqual(answerOf(response, response.header));
      }),
      { numRuns: 1000 },
    );
  });

  it('to a transaction has all ranges that it read, in order, under its own header', () => {
    // Undefined stands for a write.
    const reads = fc.array(fc.option(range, { nil: undefined }), { maxLength: 5 });
    fc.assert(
      fc.property(header, reads, (own, operations) => {
        const responses = operations.map((read) =>
          read === undefined
            ? { response_put: {} }
            : { response_range: { ...read, header: { revision: '99' } } },
        );
        const message = encoded('Txn', { header: own, succeeded: true, responses });
        const expected = operations.flatMap((read) => (read === undefined ? [] : [answerOf(read, own)]));
        expect(rangesOfTxn(message)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('may have fields that are not known yet, wherever they stand', () => {
    const unknown = Buffer.from([
      ...[0xf8, 0x01, 0x05],
      ...[0xfa, 0x01, 2, 1, 2],
      ...[0xfd, 0x01, 1, 2, 3, 4],
    ]);
    const header = { revision: '5' };
    const known = encoded('Range', { header, kvs: [{ key: Buffer.from('k') }], more: true });
    const answer = rangeAnswerOf(Buffer.concat([unknown, known, unknown]));
    expect(answer).toMatchObject({ more: true, registrations: [{ key: 'k', value: '', lease: '0' }] });
    const operation = Buffer.concat([unknown, Buffer.from([0x0a, known.length]), known]);
    const own = encoded('Txn', { header });
    const txn = Buffer.concat([own, Buffer.from([0x1a, operation.length]), operation, unknown]);
    expect(rangesOfTxn(txn)).toMatchObject([{ more: true, registrations: [{ key: 'k' }] }]);
  });

  it('is empty where nothing but its revision is said, as protobuf leaves out what is zero', () => {
    const nothing = { clusterId: '0', revision: 7, registrations: [], more: false, bytes: 0 };
    expect(rangeAnswerOf(encoded('Range', { header: { revision: '7' } }))).toEqual(nothing);
  });

  it('is none where it has no revision: an empty message is no empty range', () => {
    const refused = expect.objectContaining({ code: 'ETCD_INVALID_RESPONSE' });
    expect(() => rangeAnswerOf(Buffer.alloc(0))).toThrow(refused);
    expect(() => rangesOfTxn(Buffer.alloc(0))).toThrow(refused);
  });

  it('is refused where its bytes are none, or a revision is out of range', () => {
    const sound = encoded('Range', { kvs: [{ key: Buffer.from('key'), value: Buffer.from('value') }] });
    expect(() => rangeAnswerOf(sound.subarray(0, -1))).toThrow('middle');
    expect(() => rangeAnswerOf(Buffer.from([0x10, 0x01]))).toThrow('field 2');
    expect(() => rangeAnswerOf(encoded('Range', { kvs: [{ mod_revision: String(2n ** 53n) }] }))).toThrow(
      'out of range',
    );
    expect(() => rangeAnswerOf(encoded('Range', { header: { revision: '-1' } }))).toThrow('out of range');
  });
});
