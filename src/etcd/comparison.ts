import { isSameVersion } from './difference.ts';
import type { Key, Registration } from './types.ts';

/**
 * Compares a mirror that goes on changing with a keys-only list that began after it. A key that a watch event touches meanwhile is of no
 * concern: its event has come. A key that differs and stays untouched may still have its event under way, so it is a suspect only; one that
 * is never touched is a true difference.
 */
export class Comparison {
  readonly #mirror: ReadonlyMap<Key, Registration>;
  readonly #listed = new Set<Key>();
  readonly #touched = new Set<Key>();
  readonly #suspects = new Set<Key>();
  readonly #cleared = Promise.withResolvers<void>();

  constructor(mirror: ReadonlyMap<Key, Registration>) {
    this.#mirror = mirror;
  }

  /** A watch event has come for this key. */
  touch(key: Key): void {
    this.#touched.add(key);
    if (this.#suspects.delete(key) && this.#suspects.size === 0) {
      this.#cleared.resolve();
    }
  }

  /** A page of the list. */
  add(registrations: readonly Registration[]): void {
    for (const registration of registrations) {
      const ours = this.#mirror.get(registration.key);
      // Our own string where we have one: the listed one would hold the same bytes again.
      this.#listed.add(ours?.key ?? registration.key);
      if (ours === undefined || !isSameVersion(ours, registration)) {
        this.#suspect(registration.key);
      }
    }
  }

  /** The list is complete. Returns how many keys differ so far. */
  complete(): number {
    for (const key of this.#mirror.keys()) {
      if (!this.#listed.has(key)) {
        this.#suspect(key);
      }
    }
    return this.#suspects.size;
  }

  /** Keys that differ and that no event has touched. */
  get suspects(): number {
    return this.#suspects.size;
  }

  /** Resolves when events have touched all suspects; only after {@link complete} found any. */
  get cleared(): Promise<void> {
    return this.#cleared.promise;
  }

  #suspect(key: Key): void {
    if (!this.#touched.has(key)) {
      this.#suspects.add(key);
    }
  }
}
