import { RetryableError } from '../../src/errors.ts';
import { bytesOf } from '../../src/etcd/bytes.ts';
import { keyOf, rangeHolds } from '../../src/etcd/key.ts';
import { applyChanges, differences } from '../../src/etcd/mirror/difference.ts';
import type {
  Change,
  Connection,
  Key,
  KeyRange,
  LeaseTime,
  MirroredRange,
  RangeListener,
  Registration,
  RegistrySource,
} from '../../src/etcd/types.ts';

interface Follower {
  readonly range: KeyRange;
  readonly listener: RangeListener;
  /** What it has been told; nothing before its first list. */
  known: Map<Key, Registration> | undefined;
}

/**
 * A registry in memory behind the seam of the mirror, for tests of the pure parts: it keeps every value that a key ever had, and tells
 * followers of each change at once.
 */
export class MemoryRegistry implements RegistrySource {
  readonly #history = new Map<Key, Registration[]>();
  readonly #followers = new Set<Follower>();
  #revision = 0;
  #compacted = 0;
  #isListed = true;
  connection: Connection = { connected: true, since: 0, sinceMonotonic: 0, error: undefined };

  /** Ranges that are followed now. */
  get followed(): number {
    return this.#followers.size;
  }

  put(key: string, value: string, lease = '0'): void {
    this.#revision += 1;
    const history = this.#history.get(keyOf(key)) ?? [];
    const createRevision = history.at(-1)?.createRevision ?? this.#revision;
    const registration: Registration = {
      key: keyOf(key),
      value: bytesOf(value),
      createRevision,
      modRevision: this.#revision,
      lease,
    };
    this.#history.set(registration.key, [...history, registration]);
    this.#tell({ key: registration.key, registration, revision: this.#revision });
  }

  delete(key: string): void {
    this.#revision += 1;
    this.#history.delete(keyOf(key));
    this.#tell({ key: keyOf(key), registration: undefined, revision: this.#revision });
  }

  /** What etcd has of a key after a restore that was written past what was seen: other values before the last. */
  rewrite(key: string, ...earlier: readonly string[]): void {
    const history = this.#history.get(keyOf(key)) ?? [];
    const others = history.slice(0, -1).map((registration, index) => ({
      ...registration,
      value: bytesOf(earlier[index] ?? ''),
    }));
    this.#history.set(keyOf(key), [...others, ...history.slice(-1)]);
  }

  /** Values before now can no longer be read. */
  compact(): void {
    this.#compacted = this.#revision;
  }

  /** Lists of new followers do not come until `list` is called. */
  holdLists(): void {
    this.#isListed = false;
  }

  /** Lists all ranges; `isUnbroken`: what was told since their first list came by one stream. */
  list({ isUnbroken = false } = {}): void {
    this.#isListed = true;
    for (const follower of this.#followers) {
      this.#bring(follower, isUnbroken);
    }
  }

  follow(range: KeyRange, listener: RangeListener): MirroredRange {
    const follower: Follower = { range, listener, known: undefined };
    this.#followers.add(follower);
    if (this.#isListed) {
      this.#bring(follower);
    }
    const registry = this;
    return {
      range,
      get synced() {
        return registry.#isListed;
      },
      get revision() {
        return registry.#revision;
      },
      get registrations() {
        return new Map(registry.#current(range).map((registration) => [registration.key, registration]));
      },
      listedAt: 0,
      confirmedAt: 0,
      failure: undefined,
      refresh: () => Promise.resolve(),
      confirm: () => undefined,
      release: () => this.#followers.delete(follower),
    };
  }

  async valueBefore(key: Key, revision: number): Promise<Registration | undefined> {
    if (revision - 1 < this.#compacted) {
      throw new RetryableError('ETCD_COMPACTED', 'compacted');
    }
    return this.#history.get(key)?.findLast(({ modRevision }) => modRevision < revision);
  }

  /** Leases that live; the others have expired or been revoked. */
  readonly leases = new Set<string>();

  async leaseTime(lease: string): Promise<LeaseTime | undefined> {
    return this.leases.has(lease) ? { grantedSeconds: 15, remainingSeconds: 10 } : undefined;
  }

  async leaseLives(lease: string): Promise<boolean> {
    return this.leases.has(lease);
  }

  onConnection(): () => void {
    return () => undefined;
  }

  async close(): Promise<void> {
    this.#followers.clear();
  }

  /** The first list is told as a whole, a later one by what differs. */
  #bring(follower: Follower, isUnbroken = false): void {
    const { range, listener, known } = follower;
    const listed = new Map(this.#current(range).map((registration) => [registration.key, registration]));
    const changes = differences(known ?? new Map(), listed, this.#revision);
    follower.known = listed;
    if (changes.length > 0) {
      listener.changed(changes);
    }
    if (known === undefined) {
      listener.synced();
    } else {
      listener.listed?.(isUnbroken ? changes.map(({ key }) => key) : 'all');
    }
  }

  #current(range: KeyRange): Registration[] {
    return [...this.#history.values()].flatMap((history) => {
      const last = history.at(-1);
      return last !== undefined && rangeHolds(range, last.key) ? [last] : [];
    });
  }

  #tell(change: Change): void {
    for (const { range, listener, known } of this.#followers) {
      if (this.#isListed && known !== undefined && rangeHolds(range, change.key)) {
        listener.changed(applyChanges(known, [change]));
      }
    }
  }
}
