import { bytesIn } from '../../src/etcd/bytes.ts';
import type { Key } from '../../src/etcd/types.ts';

/** The key of bytes, which need be no text. */
export function keyOfBytes(bytes: Uint8Array): Key {
  return bytesIn(bytes) as Key;
}
