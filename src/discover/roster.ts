import type { Change, Key, Revision } from '../etcd/types.ts';
import type { RegistrationReader } from '../formats/read.ts';
import { type Discovered, discoveredOf } from './discovered.ts';

/** Who is there: every registration as its format reads it, without its value. */
export class Roster {
  readonly #read: RegistrationReader;
  readonly #byKey = new Map<Key, Discovered>();
  #sorted: readonly Discovered[] | undefined;
  #revision: Revision = 0;

  constructor(read: RegistrationReader) {
    this.#read = read;
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
    for (const { key, registration, revision } of changes) {
      if (registration === undefined) {
        this.#byKey.delete(key);
      } else {
        this.#byKey.set(key, discoveredOf(registration, this.#read));
      }
      this.#revision = Math.max(this.#revision, revision);
    }
    this.#sorted = undefined;
  }
}
