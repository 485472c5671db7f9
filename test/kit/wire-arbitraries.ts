import fc from 'fast-check';

/** What etcd can send, as arbitraries. 64-bit numbers travel as decimal text. */
export const int64 = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String);
export const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String);
/** A revision, or none. */
export const revision = fc.nat({ max: Number.MAX_SAFE_INTEGER }).map(String);
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));

export const keyValue = fc.record({
  key: bytes,
  create_revision: revision,
  mod_revision: revision,
  version: int64,
  value: bytes,
  lease: int64,
});

type WireKeyValue = typeof keyValue extends fc.Arbitrary<infer KeyValue> ? KeyValue : never;

/** What is to be read of it, made without a line of what reads it. */
export function registrationIn({ key, value, create_revision, mod_revision, lease }: WireKeyValue) {
  return {
    key: key.toString('latin1'),
    value: value.toString('latin1'),
    createRevision: Number(create_revision),
    modRevision: Number(mod_revision),
    lease,
  };
}
