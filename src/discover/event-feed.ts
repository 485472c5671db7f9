import { AgedMap } from '../aged-map.ts';
import type { Change, Key, Registration, Revision } from '../etcd/types.ts';
import { Lookups } from '../formats/lookups.ts';
import type { RegistrationReader } from '../formats/read.ts';
import { Backlog, isChange } from './backlog.ts';
import { discoveredOf, leaseName } from './discovered.ts';
import { type DiscoverEvent, keyEvent, keyField, type LeaseEvent } from './events.ts';
import type { LeaseTime } from './lease-book.ts';

/** Every change as an event, one after the other as they are asked for. */
export class EventFeed {
  readonly #read: RegistrationReader;
  readonly #backlog: Backlog;
  readonly #lookups = new Lookups();
  /** What has been told of, which is all that a reading may look up. */
  readonly #told = new Map<Key, Registration>();
  /** What is to be told of again, because a key that decides about it has changed at that revision. */
  readonly #again = new AgedMap<Key, Revision>();
  /** Keys whose lease has been asked for since they were last told, with that lease and what etcd said. */
  readonly #leases = new AgedMap<Key, { readonly lease: string; readonly time: LeaseTime }>();

  constructor(read: RegistrationReader, backlog = new Backlog()) {
    this.#read = this.#lookups.noting(read, (key) => this.#told.get(key)?.value);
    this.#backlog = backlog;
  }

  changed(changes: readonly Change[]): void {
    for (const { key, registration } of changes) {
      if (this.#leases.get(key)?.lease !== registration?.lease) {
        this.#leases.delete(key);
      }
    }
    this.#backlog.add(changes);
  }

  synced(revision: Revision, keys: number): void {
    this.#backlog.add([{ type: 'synced', revision, keys }]);
  }

  leaseAnswered(lease: string, keys: ReadonlySet<Key>, time: LeaseTime): void {
    for (const key of keys) {
      this.#leases.set(key, { lease, time });
    }
  }

  /** The next event, or undefined where there is none now. */
  next(): DiscoverEvent | undefined {
    const merged = this.#backlog.takeMerged();
    if (merged > 0) {
      return { type: 'merged', events: merged };
    }
    const again = this.#again.takeOldest();
    if (again !== undefined) {
      return this.#event(...again);
    }
    const waiting = this.#backlog.take();
    if (waiting === undefined) {
      return this.#nextLease();
    }
    if (!isChange(waiting)) {
      return waiting;
    }
    const { key, registration, revision } = waiting;
    if (registration === undefined) {
      this.#told.delete(key);
      this.#lookups.forget(key);
    } else {
      this.#told.set(key, registration);
    }
    for (const reader of this.#lookups.readersOf(key)) {
      this.#again.set(reader, revision);
    }
    return this.#event(key, revision);
  }

  #event(key: Key, revision: Revision): DiscoverEvent {
    const registration = this.#told.get(key);
    return keyEvent(key, registration && discoveredOf(registration, this.#read), revision);
  }

  #nextLease(): LeaseEvent | undefined {
    const next = this.#leases.takeOldest();
    if (next === undefined) {
      return undefined;
    }
    const [key, { lease, time }] = next;
    const { grantedSeconds, remainingSeconds } = time;
    return {
      type: 'lease',
      ...keyField(key),
      lease: leaseName(lease) ?? '',
      grantedSeconds,
      remainingSeconds,
    };
  }
}
