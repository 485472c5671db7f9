import type { Bytes, Registration } from '../types.ts';

/** What is wanted of a key. */
export interface Wish {
  /** Undefined: the key is to go. */
  readonly value: Bytes | undefined;
  /** Our lease now, in decimal. */
  readonly lease: string;
  /** Whether a lease is or was ours. */
  isOwn(lease: string): boolean;
  /** Whether we have held the key since it was asked for. */
  readonly claimed: boolean;
  /** Whether a live key of somebody else may be taken. */
  readonly takeover: boolean;
}

/** `done`: etcd holds what is wanted. `theirs`: the key is somebody else's. */
export type Step = 'put' | 'delete' | 'done' | 'theirs';

/**
 * What to do about a key, from what etcd holds. The rules for a key under a foreign lease:
 * - When we come to it first, the same value tells that it is ours from before a restart, and we take it over.
 * - Later, two who both took the key back would fight for ever, each undoing the other's writes in front of everybody who reads them. So whoever wrote
 *   last keeps it, with the same value too, and the other waits until it is gone.
 * A key without a lease and with our value has lost its lease by a put of somebody's; nobody else keeps it alive, and it is bound to ours again.
 */
export function nextStep(found: Registration | undefined, wish: Wish): Step {
  if (wish.value === undefined) {
    return found !== undefined && wish.isOwn(found.lease) ? 'delete' : 'done';
  }
  if (found === undefined) {
    return 'put';
  }
  const sameValue = found.value === wish.value;
  if (wish.isOwn(found.lease)) {
    return sameValue && found.lease === wish.lease ? 'done' : 'put';
  }
  if (sameValue && (!wish.claimed || found.lease === '0')) {
    return 'put';
  }
  return wish.takeover && !wish.claimed ? 'put' : 'theirs';
}
