import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyOfBytes } from '../../test/kit/key-of-bytes.ts';
import { keyOf, prefixRange, rangeHolds, showKey, singleRange } from './key.ts';

const bytes = fc.uint8Array({ maxLength: 6 }).map((each) => Buffer.from(each));
/** etcd has no empty key. */
const someBytes = bytes.filter(({ length }) => length > 0);

describe('a key', () => {
  it('is shown without anything that could disturb a terminal or a log, and cut to its limit', () => {
    expect(showKey(keyOf('/a\n\u001b[2J\u202eb'))).not.toMatch(/\p{Cc}|\p{Cf}/u);
    expect(showKey(keyOfBytes(Buffer.from([0x2f, 0xff])))).toBe('/\\xff');
    expect(showKey(keyOf('x'.repeat(1000)))).toBe(`${'x'.repeat(256)}…`);
  });
});

describe('a range', () => {
  it('of a prefix holds exactly the keys that begin with it', () => {
    fc.assert(
      fc.property(bytes, bytes, (prefix, other) => {
        const range = prefixRange(keyOfBytes(prefix));
        const within = Buffer.concat([prefix, other]);
        expect(rangeHolds(range, keyOfBytes(within))).toBe(within.length > 0);
        const begins = other.subarray(0, prefix.length).equals(prefix);
        expect(rangeHolds(range, keyOfBytes(other))).toBe(begins && other.length > 0);
      }),
    );
  });

  it('of the empty prefix and of one that is all 0xff goes to the last key', () => {
    expect(prefixRange(keyOf(''))).toEqual({ start: '\0', end: '\0' });
    expect(prefixRange(keyOfBytes(Buffer.from([0xff, 0xff]))).end).toBe('\0');
  });

  it('of one key holds that key alone', () => {
    fc.assert(
      fc.property(someBytes, bytes, (key, other) => {
        expect(rangeHolds(singleRange(keyOfBytes(key)), keyOfBytes(other))).toBe(key.equals(other));
      }),
    );
  });
});
