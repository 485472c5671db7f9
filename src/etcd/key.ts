import { bytesOf, textOf } from './bytes.ts';
import type { Key, KeyRange } from './types.ts';

/** The longest key text in a message, in bytes (design, promise 7). */
const shownBytes = 256;

/** The key of a text as it is typed: UTF-8. */
export function keyOf(text: string): Key {
  return bytesOf(text) as Key;
}

/** What may not be shown as it is. Mostly a key has none, and one text serves as both: there may be a million of them. */
const beyondPrintable = /[^ -~]/;

/** The key for a message: control characters and bytes that are no UTF-8 escaped, cut to 256 bytes. */
export function showKey(key: Key): string {
  const cut = key.length > shownBytes;
  if (!cut && !beyondPrintable.test(key)) {
    return key;
  }
  const head = cut ? (key.slice(0, shownBytes) as Key) : key;
  const text = textOf(head) ?? escapeBytes(head);
  const escaped = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, escapeChar);
  return cut ? `${escaped}…` : escaped;
}

function escapeChar(char: string): string {
  return `\\u{${char.codePointAt(0)?.toString(16)}}`;
}

function escapeBytes(key: Key): string {
  return key.replace(/[^\x20-\x7e]/g, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

/** All keys that begin with `prefix` as it is: the range ends at the prefix with its last byte below 0xff raised by one. */
export function prefixRange(prefix: Key): KeyRange {
  const kept = prefix.replace(/\u00ff+$/, '');
  const end =
    kept === '' ? '\0' : kept.slice(0, -1) + String.fromCharCode(kept.charCodeAt(kept.length - 1) + 1);
  return { start: prefix === '' ? ('\0' as Key) : prefix, end: end as Key };
}

/** The one key. */
export function singleRange(key: Key): KeyRange {
  return { start: key, end: `${key}\0` as Key };
}

/** Whether the range holds the key. An end of `\0` means "to the last key", as etcd has it. */
export function rangeHolds(range: KeyRange, key: Key): boolean {
  return key >= range.start && key < rangeLimit(range);
}

/** Whether every key of the one range is a key of the other. */
export function isWithin(inner: KeyRange, outer: KeyRange): boolean {
  return inner.start >= outer.start && rangeLimit(inner) <= rangeLimit(outer);
}

/** Where a range ends, to be compared with keys and with other ends: no key holds a char above 0xff. */
export function rangeLimit({ end }: KeyRange): string {
  return end === '\0' ? '\u0100' : end;
}
