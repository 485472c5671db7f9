import type { KeyOutcome } from '../endpoints/types.ts';
import type { Revision } from '../etcd/types.ts';
import type { LeaseTimes } from './lease-times.ts';

/** Every reason why an endpoint was removed: the word in log lines, metrics and `explain`, and its documentation. */
export const removalReasons = {
  Deleted: 'Somebody deleted its key: the lease lived on, or the key had none.',
  LeaseGone: 'Its key went with its lease, which expired or was revoked.',
  KeyGone: 'Its key is gone; etcd has not said in time whether the lease went with it.',
  Changed: 'Its key, or how the key is read, announces something else.',
  Filtered: 'The filter of the EtcdService no longer lets it through.',
  Unreadable: 'Its key cannot be read or published any more, and nothing stood in for it.',
  HoldExpired: 'It had vanished from etcd and was held until the time of the hold was over.',
  HoldReleased: 'It had vanished from etcd and was held until somebody released the hold.',
  HoldEnded: 'It had vanished from etcd and was held until it was found dead or was said to go.',
  Unexplained: 'This replica does not know: it left before the replica followed etcd.',
} as const satisfies Record<string, string>;

export type RemovalReason = keyof typeof removalReasons;

/** An endpoint that has left. Times in wall-clock milliseconds. */
export interface Removal {
  readonly address: string;
  /** Of the Service's ports, in their order. */
  readonly ports: readonly number[];
  readonly reason: RemovalReason;
  /** Where it was announced last, as it may be shown; this and what follows is unknown where {@link reason} is `Unexplained`. */
  readonly key?: string;
  /** Registry revision at which it ceased to be announced. */
  readonly revision?: Revision;
  /** In decimal. */
  readonly lease?: string;
  /** When etcd said that it is announced no more. */
  readonly leftAt?: number;
  /** When it was taken out of Kubernetes; absent while it is held, and on a replica that does not lead. */
  readonly removedAt?: number;
  /** The hold that kept it published. */
  readonly hold?: string;
}

/** Why an endpoint of a key is announced no more, by what has become of the key; `undefined` is a key that is gone. */
export function reasonOf(after: KeyOutcome | undefined): RemovalReason {
  if (after === undefined) {
    return 'KeyGone';
  }
  const kinds = after.outcomes.map(({ kind }) => kind);
  if (kinds.includes('rejected')) {
    return 'Unreadable';
  }
  return kinds.includes('filtered') ? 'Filtered' : 'Changed';
}

/** What etcd says of its lease decides why a key is gone: it was deleted while the lease lives, else it went with it. */
export function inLightOf(times: LeaseTimes, removal: Removal): Removal {
  const { reason, lease = '0' } = removal;
  const isKnown = lease === '0' || times.has(lease);
  if (reason !== 'KeyGone' || !isKnown) {
    return removal;
  }
  const isAlive = lease === '0' || times.get(lease) !== undefined;
  return { ...removal, reason: isAlive ? 'Deleted' : 'LeaseGone' };
}
