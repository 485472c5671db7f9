/** {@link Bytes}, and what they are made from and into. */
import { isUtf8 } from 'node:buffer';
import type { Bytes } from './types.ts';

/** Bytes beyond ASCII. Without any, bytes and the text that they mean are one string: nearly all of what etcd holds is such. */
const beyondAscii = /[\u0080-\uffff]/;

/** The bytes of a text as it is typed: UTF-8. */
export function bytesOf(text: string): Bytes {
  return beyondAscii.test(text) ? bytesIn(Buffer.from(text, 'utf8')) : (text as Bytes);
}

/** Bytes that came as such. */
export function bytesIn(sent: Uint8Array): Bytes {
  return Buffer.from(sent.buffer, sent.byteOffset, sent.byteLength).toString('latin1') as Bytes;
}

/** The bytes for the wire. */
export function bufferOf(bytes: Bytes): Buffer {
  return Buffer.from(bytes, 'latin1');
}

/** The bytes as text where they are UTF-8, else undefined. */
export function textOf(bytes: Bytes): string | undefined {
  if (!beyondAscii.test(bytes)) {
    return bytes;
  }
  const buffer = bufferOf(bytes);
  return isUtf8(buffer) ? buffer.toString('utf8') : undefined;
}
