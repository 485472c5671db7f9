import type { Change, Key, Registration, Revision } from '../etcd/types.ts';
import { Lookups } from '../formats/lookups.ts';
import type { RegistrationReader } from '../formats/read.ts';
import { type Discovered, discoveredOf } from './discovered.ts';

/** Who is there: every registration as its format reads it, without its value. */
export class Roster {
  readonly #read: RegistrationReader;
  readonly #lookups = new Lookups();
  readonly #known = new Map<Key, Registration>();
  readonly #byKey = new Map<Key, Discovered>();
  #sorted: readonly Discovered[] | undefined;
  #revision: Revision = 0;

  constructor(read: RegistrationReader) {
    this.#read = this.#lookups.noting(read, (key) => this.#known.get(key)?.value);
  }

  /** Of etcd, at the last change. */
  get revision(): Revision {
    return this.#revision;
  }

  /** In the order of their keys. */
  get registrations(): readonly Discovered[] {
    this.#sorted ??= [...this.#byKey.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
    return this.#sorted;
  }

  apply(changes: readonly Change[]): void {
    const stale = new Set<Key>();
    for (const { key, registration, revision } of changes) {
      if (registration === undefined) {
        this.#known.delete(key);
      } else {
        this.#known.set(key, registration);
      }
      for (const one of [key, ...this.#lookups.readersOf(key)]) {
        stale.add(one);
      }
      this.#revision = Math.max(this.#revision, revision);
    }
    for (const key of stale) {
      this.#readAgain(key);
    }
    this.#sorted = undefined;
  }

  #readAgain(key: Key): void {
    const registration = this.#known.get(key);
    if (registration === undefined) {
      this.#byKey.delete(key);
      this.#lookups.forget(key);
    } else {
      this.#byKey.set(key, discoveredOf(registration, this.#read));
    }
  }
}
