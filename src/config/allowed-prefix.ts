import { keyOf, prefixRange, singleRange } from '../etcd/key.ts';
import type { KeyRange } from '../etcd/types.ts';

/** Lets the EtcdServices of one namespace read the keys below one prefix (`--allowed-prefix namespace=prefix`). */
export interface AllowedPrefix {
  readonly namespace: string;
  readonly prefix: string;
}

/**
 * Whether EtcdServices of the namespace may read the range. With no prefix listed every namespace may read every range but the root: one
 * that holds all keys that begin with `/`. With any listed, a namespace may read what lies within its own prefixes alone.
 */
export function mayRead(allowed: readonly AllowedPrefix[], namespace: string, range: KeyRange): boolean {
  if (allowed.length === 0) {
    return !holdsRange(range, prefixRange(keyOf('/')));
  }
  return allowed
    .filter((entry) => entry.namespace === namespace)
    .some((entry) => isWithin(entry.prefix, range));
}

/** Whether the range lies within what a prefix allows, see {@link allowedRanges}. */
export function isWithin(prefix: string, range: KeyRange): boolean {
  return allowedRanges(prefix).some((outer) => holdsRange(outer, range));
}

/**
 * A prefix that ends in a letter or digit means whole parts of the path: `/web` is the key `/web` and what is below `/web/`, never `/web-admin`.
 * Any other is taken as the bytes it is.
 */
export function allowedRanges(prefix: string): readonly KeyRange[] {
  if (!/[\p{L}\p{N}]$/u.test(prefix)) {
    return [prefixRange(keyOf(prefix))];
  }
  return [singleRange(keyOf(prefix)), prefixRange(keyOf(`${prefix}/`))];
}

function holdsRange(outer: KeyRange, inner: KeyRange): boolean {
  if (inner.start < outer.start) {
    return false;
  }
  return outer.end === '\0' || (inner.end !== '\0' && inner.end <= outer.end);
}
