/**
 * The words that the etcd side hands to the rest: keys, ranges, registrations, and the mirror's source (a seam).
 * Nothing here knows about sockets or about Kubernetes.
 */

/**
 * Bytes as a string of one char per byte (latin1): what etcd holds need not be UTF-8. This form is exact, compares in etcd's order and is compact in memory,
 * where a buffer of some bytes takes three times as much and lies outside V8's heap. {@link textOf} makes it readable.
 */
export type Bytes = string & { readonly __bytes: unique symbol };

/** An etcd key. */
export type Key = Bytes & { readonly __key: unique symbol };

/** An etcd revision. 2^53 is far beyond what a cluster reaches; the decoder refuses more. */
export type Revision = number;

/** Keys `start <= key < end`; the ranges that etcd lists and watches. */
export interface KeyRange {
  readonly start: Key;
  /** Exclusive. A single key has `end = start + '\0'`. */
  readonly end: Key;
}

/** One etcd key with its value: what an instance announced of itself. */
export interface Registration {
  readonly key: Key;
  readonly value: Bytes;
  readonly createRevision: Revision;
  readonly modRevision: Revision;
  /** Lease id in decimal, `'0'` for a key without a lease. */
  readonly lease: string;
}

/** A key that changed: its registration now, or none when it is gone. */
export interface Change {
  readonly key: Key;
  readonly registration: Registration | undefined;
  /** Revision of the change; for differences found by listing again, the revision of the list. */
  readonly revision: Revision;
}

/**
 * Keys that may have held something that was never told: those that differ, or all of them, whether they differ or not, where the watch was broken. What came
 * after that may be of another history, that of a restored etcd.
 */
export type Unseen = readonly Key[] | 'all';

/** What a mirrored range tells its user. Callbacks are synchronous and must not throw. */
export interface RangeListener {
  /** True differences only, each revision whole, in order. The first complete list arrives here too, before `synced`. */
  changed(changes: readonly Change[]): void;
  /** The first complete list has been applied. Called once. */
  synced(): void;
  /** A later one has been applied, or the copy of another range has taken the place of this one's; the differences have been told. */
  listed?(unseen: Unseen): void;
  /** The `failure` of the range has come, changed or gone. */
  failureChanged(): void;
}

/** A mirrored range: our copy of one key range, exact at a known revision. */
export interface MirroredRange {
  readonly range: KeyRange;
  /** Whether one complete list has been applied: before that, absence means nothing. */
  readonly synced: boolean;
  /** Revision that `registrations` is exact at; 0 before the first list. */
  readonly revision: Revision;
  /** Monotonic milliseconds at which the list began that was applied last; before the first list it is infinitely long ago. */
  readonly listedAt: number;
  /** Monotonic milliseconds at which the list or the comparison began that has last found the copy to be what etcd holds. */
  readonly confirmedAt: number;
  readonly registrations: ReadonlyMap<Key, Registration>;
  /** Why this range cannot be read now (permission, unreachable …); undefined while it is followed. */
  readonly failure: RangeFailure | undefined;
  /**
   * Lists again, whatever the watch has brought. Resolves when a list has been applied that began at that monotonic time or later, by default now;
   * rejects when released or closed.
   */
  refresh(sinceMs?: number): Promise<void>;
  /** Has the copy compared with etcd as soon as its turn comes: `confirmedAt` tells when that is done, a list whether it differed. */
  confirm(): void;
  /** Ends this use of the range. */
  release(): void;
}

export interface RangeFailure {
  readonly error: Error;
  /** Wall-clock milliseconds since when. */
  readonly since: number;
}

/** Whether the registry answers: told apart from one range that may not be read. */
export interface Connection {
  readonly connected: boolean;
  /** Wall-clock milliseconds of the last transition, for people to read. */
  readonly since: number;
  /** The same in monotonic milliseconds, for durations. */
  readonly sinceMonotonic: number;
  readonly error: Error | undefined;
}

/** The time of a lease, in whole seconds rounded down. */
export interface LeaseTime {
  readonly grantedSeconds: number;
  readonly remainingSeconds: number;
}

/** The seam towards etcd: what the controller knows of a registry. Implemented by `Mirror`, and by tests of pure parts. */
export interface RegistrySource {
  /** Follows a range. Uses of one range, and of those that lie within it, share one copy; each gets the whole content as its first changes. */
  follow(range: KeyRange, listener: RangeListener): MirroredRange;
  /** The value that a key had just before `revision`, for promise 5. Undefined where it had none; throws where compacted. */
  valueBefore(key: Key, revision: Revision): Promise<Registration | undefined>;
  /** What etcd says of a lease (its id in decimal); undefined where it knows none of that id. Rejects where it does not say so soon enough. */
  leaseTime(lease: string): Promise<LeaseTime | undefined>;
  /** Whether a lease (its id in decimal) lives. Rejects where etcd does not say so soon enough. */
  leaseLives(lease: string): Promise<boolean>;
  readonly connection: Connection;
  /** Called on each transition of `connection`; returns a function that ends it. */
  onConnection(listener: (connection: Connection) => void): () => void;
  close(): Promise<void>;
}
