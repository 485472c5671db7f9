import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bufferOf, bytesIn, bytesOf, textOf } from './bytes.ts';

const sent = fc.uint8Array({ maxLength: 8 }).map((each) => Buffer.from(each));
const texts = fc.string({ unit: 'binary' }).filter((text) => text.isWellFormed());

describe('bytes', () => {
  it('are kept whatever they are, and ordered as etcd orders them', () => {
    fc.assert(
      fc.property(sent, sent, (a, b) => {
        expect(bufferOf(bytesIn(a))).toEqual(a);
        const [first, second] = [bytesIn(a), bytesIn(b)];
        expect(Math.sign(Buffer.compare(a, b))).toBe(first < second ? -1 : first > second ? 1 : 0);
      }),
    );
  });

  it('of a text are its UTF-8, and mean it again', () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(bufferOf(bytesOf(text))).toEqual(Buffer.from(text, 'utf8'));
        expect(textOf(bytesOf(text))).toBe(text);
      }),
    );
  });

  it('are no text where they are no UTF-8', () => {
    fc.assert(
      fc.property(sent, (bytes) => {
        const text = textOf(bytesIn(bytes));
        expect(text === undefined ? undefined : Buffer.from(text, 'utf8')).toEqual(
          isWhole(bytes) ? bytes : undefined,
        );
      }),
    );
    expect(textOf(bytesIn(Buffer.from([0x2f, 0xff, 0xfe])))).toBeUndefined();
  });
});

/** Whether a decoder that tells errors takes them. */
function isWhole(bytes: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}
