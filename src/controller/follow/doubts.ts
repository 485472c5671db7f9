import { isUnreadable } from '../../endpoints/resolve.ts';
import type { KeyOutcome } from '../../endpoints/types.ts';
import type { Key, Unseen } from '../../etcd/types.ts';
import { SparseSet } from '../../sparse.ts';

/** What became of a key. */
export interface Read extends KeyOutcome {
  /** Whether it cannot be read and has nothing that stands in for it. */
  readonly unresolved: boolean;
}

/** A key that cannot be read, and for how many instances something should stand in. */
export interface Unfounded {
  readonly key: Key;
  readonly instances: number;
}

/** Of which unreadable keys of a ledger it is not known what was good of them last. */
export class Doubts {
  readonly #entries: ReadonlyMap<Key, Read>;
  readonly #unresolved = new SparseSet<Key>();
  /** Something stands in, and may not be what was good last. */
  readonly #doubtful = new SparseSet<Key>();
  /** Keys that could be read by earlier rules: what stands in for them is their very value. */
  readonly #readBefore = new SparseSet<Key>();

  /** `entries`: those of the ledger, as they are at the time of asking. */
  constructor(entries: ReadonlyMap<Key, Read>) {
    this.#entries = entries;
  }

  /** Whether something stands in that may not be what was good last. */
  get isAny(): boolean {
    return this.#doubtful.size > 0;
  }

  /** Keys of which an earlier value may tell more than is known. */
  get keys(): readonly Key[] {
    return [...this.#unresolved, ...this.#doubtful];
  }

  has(key: Key): boolean {
    return this.#unresolved.has(key) || this.#doubtful.has(key);
  }

  /** What these keys held before is known no more. Returns whether an earlier value of any key may tell more. */
  doubt(unseen: Unseen): boolean {
    for (const key of unseen === 'all' ? this.#entries.keys() : unseen) {
      const entry = this.#entries.get(key);
      if (entry !== undefined && isStoodInFor(entry) && !this.#readBefore.has(key)) {
        this.#doubtful.add(key);
      }
    }
    return this.#doubtful.size + this.#unresolved.size > 0;
  }

  /** Keys that have nothing that stands in for them, or something that may not be what was good last, and of which nobody has published an address. */
  unfounded(isPublished: (address: string) => boolean): readonly Unfounded[] {
    const doubtful = [...this.#doubtful].flatMap((key) => {
      const { standIns = [] } = this.#entries.get(key) ?? {};
      const isFounded = standIns.length === 0 || standIns.some(({ address }) => isPublished(address));
      return isFounded ? [] : [{ key, instances: standIns.length }];
    });
    return [...doubtful, ...[...this.#unresolved].map((key) => ({ key, instances: 1 }))];
  }

  /** The entry of a key is another one. */
  stored(key: Key, entry: Read): void {
    if (entry.unresolved) {
      this.#unresolved.add(key);
    } else {
      this.#unresolved.delete(key);
    }
    if (!isStoodInFor(entry)) {
      this.#doubtful.delete(key);
    }
  }

  /** What was good last has been found. */
  settled(key: Key): void {
    this.#doubtful.delete(key);
  }

  /** The rules are others, by which an entry has taken the place of another one. */
  reread(key: Key, before: Read): void {
    const after = this.#entries.get(key);
    if (after !== undefined && isWhollyUnreadable(after) && !isWhollyUnreadable(before)) {
      this.#readBefore.add(key);
    }
  }

  /** The key says something else than before. */
  changed(key: Key): void {
    this.#readBefore.delete(key);
  }

  removed(key: Key): void {
    this.#unresolved.delete(key);
    this.#doubtful.delete(key);
    this.#readBefore.delete(key);
  }
}

function isStoodInFor(entry: Read): boolean {
  return isWhollyUnreadable(entry) && !entry.unresolved;
}

export function isWhollyUnreadable({ outcomes }: KeyOutcome): boolean {
  return outcomes.length === 1 && isUnreadable(outcomes[0]);
}
