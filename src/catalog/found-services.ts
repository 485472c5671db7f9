import { textOf } from '../etcd/bytes.ts';
import type { Change, Key } from '../etcd/types.ts';
import type { CompiledPattern, PatternMatch } from './pattern.ts';

/** A service that has at least one key. */
export interface FoundService extends PatternMatch {
  /** How many keys it has. */
  readonly keys: number;
}

interface Entry {
  readonly match: PatternMatch;
  readonly keys: Set<Key>;
}

/**
 * The services that the keys of a range belong to. A change of a registration costs one lookup, however many there are; only a service
 * that appears or empties is worth a run of its catalog.
 */
export class FoundServices {
  readonly #match: CompiledPattern['match'];
  readonly #bySource = new Map<string, Entry>();
  readonly #unmatched = new Set<Key>();

  constructor(match: CompiledPattern['match']) {
    this.#match = match;
  }

  /** Takes changes in; true where a service has appeared or emptied. */
  apply(changes: readonly Change[]): boolean {
    let isOther = false;
    for (const { key, registration } of changes) {
      const isMoved = registration === undefined ? this.#remove(key) : this.#add(key);
      isOther ||= isMoved;
    }
    return isOther;
  }

  /** In no particular order. */
  *list(): Iterable<FoundService> {
    for (const { match, keys } of this.#bySource.values()) {
      yield { ...match, keys: keys.size };
    }
  }

  /** Keys that do not have the pattern. */
  get unmatched(): number {
    return this.#unmatched.size;
  }

  #add(key: Key): boolean {
    const match = this.#matchOf(key);
    if (match === undefined) {
      this.#unmatched.add(key);
      return false;
    }
    const known = this.#bySource.get(match.source);
    known?.keys.add(key);
    if (known === undefined) {
      this.#bySource.set(match.source, { match, keys: new Set([key]) });
    }
    return known === undefined;
  }

  #remove(key: Key): boolean {
    this.#unmatched.delete(key);
    const source = this.#matchOf(key)?.source;
    const entry = source === undefined ? undefined : this.#bySource.get(source);
    entry?.keys.delete(key);
    if (source === undefined || entry === undefined || entry.keys.size > 0) {
      return false;
    }
    return this.#bySource.delete(source);
  }

  #matchOf(key: Key): PatternMatch | undefined {
    const text = textOf(key);
    return text === undefined ? undefined : this.#match(text);
  }
}
