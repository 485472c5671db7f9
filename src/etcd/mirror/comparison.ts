import type { Key, Registration, Revision } from '../types.ts';
import { isSameVersion } from './difference.ts';

/** `unclear`: keys differ, but the events that explain it may be under way. */
export type Verdict = 'same' | 'unclear' | 'different';

/**
 * Compares a mirror that goes on changing with a keys-only list that began when the mirror was exact at `exactAt`. A key that a watch event
 * touches meanwhile is of no concern: its event has come. Any other key that differs is a suspect. One listed with a change that the mirror
 * has passed is a true difference at once; the rest are once no event has come for them in good time.
 */
export class Comparison {
  readonly #mirror: ReadonlyMap<Key, Registration>;
  readonly #exactAt: Revision;
  readonly #listed = new Set<Key>();
  readonly #touched = new Set<Key>();
  readonly #suspects = new Set<Key>();
  #proven: boolean = false;
  #complete: boolean = false;

  constructor(mirror: ReadonlyMap<Key, Registration>, exactAt: Revision) {
    this.#mirror = mirror;
    this.#exactAt = exactAt;
  }

  /** A watch event has come for this key. */
  touch(key: Key): void {
    this.#touched.add(key);
    this.#suspects.delete(key);
  }

  /** A page of the list. */
  add(registrations: readonly Registration[]): void {
    for (const registration of registrations) {
      const ours = this.#mirror.get(registration.key);
      // Our own string where we have one: the listed one would hold the same bytes again.
      this.#listed.add(ours?.key ?? registration.key);
      if (ours === undefined || !isSameVersion(ours, registration)) {
        this.#suspect(registration.key);
        this.#proven ||= registration.modRevision <= this.#exactAt && !this.#touched.has(registration.key);
      }
    }
  }

  /** The list is complete. */
  complete(): void {
    this.#complete = true;
    for (const key of this.#mirror.keys()) {
      if (!this.#listed.has(key)) {
        this.#suspect(key);
      }
    }
  }

  /** What is known so far; before the list is complete, nothing is. */
  get verdict(): Verdict {
    if (this.#proven) {
      return 'different';
    }
    return this.#complete && this.#suspects.size === 0 ? 'same' : 'unclear';
  }

  /** How many keys differ and have not been touched. */
  get suspects(): number {
    return this.#suspects.size;
  }

  #suspect(key: Key): void {
    if (!this.#touched.has(key)) {
      this.#suspects.add(key);
    }
  }
}
