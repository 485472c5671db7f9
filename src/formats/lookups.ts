import type { Key } from '../etcd/types.ts';
import { SparseMap } from '../sparse.ts';
import type { FindValue, RegistrationReader } from './read.ts';

/** Which keys were read in the light of which others: those are read again when one of these changes. Empty for most formats. */
export class Lookups {
  readonly #readers = new SparseMap<Key, Set<Key>>();
  readonly #seen = new SparseMap<Key, ReadonlySet<Key>>();

  /** The reader that finds values so, and notes what it looks up. */
  noting(read: RegistrationReader, findValue: FindValue): RegistrationReader {
    return (registration) => {
      const seen = new Set<Key>();
      const reading = read(registration, (key) => {
        seen.add(key);
        return findValue(key);
      });
      this.#note(registration.key, seen);
      return reading;
    };
  }

  /** What an earlier reading of the key has looked up is forgotten. */
  #note(reader: Key, seen: ReadonlySet<Key>): void {
    this.forget(reader);
    if (seen.size > 0) {
      this.#seen.set(reader, seen);
    }
    for (const key of seen) {
      const readers = this.#readers.get(key) ?? new Set();
      this.#readers.set(key, readers.add(reader));
    }
  }

  forget(reader: Key): void {
    for (const key of this.#seen.get(reader) ?? []) {
      const readers = this.#readers.get(key);
      readers?.delete(reader);
      if (readers?.size === 0) {
        this.#readers.delete(key);
      }
    }
    this.#seen.delete(reader);
  }

  /** Whether this key was read in the light of others. */
  isReader(key: Key): boolean {
    return this.#seen.has(key);
  }

  /** Whether some key was read in the light of this one. */
  isSeen(key: Key): boolean {
    return this.#readers.has(key);
  }

  /** Keys that were read in the light of this one, whether it was there or not. */
  readersOf(key: Key): readonly Key[] {
    return [...(this.#readers.get(key) ?? [])];
  }
}
