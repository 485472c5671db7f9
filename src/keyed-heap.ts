/** A key in its place. */
export interface Ranked<Key, Rank> {
  readonly key: Key;
  readonly rank: Rank;
}

/**
 * A binary heap in which each key stands once and can be moved: bounded by the number of keys, whatever is asked of it. `set`,
 * `pop` and `delete` take O(log n), the rest O(1).
 */
export class KeyedHeap<Key, Rank> {
  readonly #precedes: (a: Rank, b: Rank) => boolean;
  readonly #heap: Ranked<Key, Rank>[] = [];
  readonly #positions = new Map<Key, number>();

  /** @param precedes whether the first rank comes out before the second */
  constructor(precedes: (a: Rank, b: Rank) => boolean) {
    this.#precedes = precedes;
  }

  get size(): number {
    return this.#heap.length;
  }

  has(key: Key): boolean {
    return this.#positions.has(key);
  }

  get(key: Key): Rank | undefined {
    const position = this.#positions.get(key);
    return position === undefined ? undefined : this.#heap[position]?.rank;
  }

  /** Puts the key in, or moves it to its new rank. */
  set(key: Key, rank: Rank): void {
    const position = this.#positions.get(key) ?? this.#heap.length;
    this.#settle(position, { key, rank });
  }

  /** The first, left where it is. */
  peek(): Ranked<Key, Rank> | undefined {
    return this.#heap[0];
  }

  /** Takes out the first. */
  pop(): Ranked<Key, Rank> | undefined {
    const first = this.#heap[0];
    if (first !== undefined) {
      this.delete(first.key);
    }
    return first;
  }

  /** Takes the key out, wherever it stands. */
  delete(key: Key): void {
    const position = this.#positions.get(key);
    if (position === undefined) {
      return;
    }
    this.#positions.delete(key);
    const last = this.#heap.pop();
    if (last !== undefined && last.key !== key) {
      this.#settle(position, last);
    }
  }

  clear(): void {
    this.#heap.length = 0;
    this.#positions.clear();
  }

  /** Finds the place of an entry that starts in the gap at `position`: up first, and down where it did not move. */
  #settle(position: number, entry: Ranked<Key, Rank>): void {
    let gap = position;
    for (let parent = (gap - 1) >> 1; gap > 0; parent = (gap - 1) >> 1) {
      const above = this.#heap[parent];
      if (above === undefined || !this.#precedes(entry.rank, above.rank)) {
        break;
      }
      this.#place(gap, above);
      gap = parent;
    }
    for (let child = this.#firstChild(gap); child !== undefined; child = this.#firstChild(gap)) {
      if (!this.#precedes(child.entry.rank, entry.rank)) {
        break;
      }
      this.#place(gap, child.entry);
      gap = child.position;
    }
    this.#place(gap, entry);
  }

  #firstChild(position: number): { position: number; entry: Ranked<Key, Rank> } | undefined {
    const left = this.#heap[2 * position + 1];
    const right = this.#heap[2 * position + 2];
    if (left === undefined) {
      return undefined;
    }
    return right !== undefined && this.#precedes(right.rank, left.rank)
      ? { position: 2 * position + 2, entry: right }
      : { position: 2 * position + 1, entry: left };
  }

  #place(position: number, entry: Ranked<Key, Rank>): void {
    this.#heap[position] = entry;
    this.#positions.set(entry.key, position);
  }
}
