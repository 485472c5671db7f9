import { isWithin, rangeLimit } from '../key.ts';
import type { Key, KeyRange } from '../types.ts';
import { bisect } from './sorted-keys.ts';

/** Keys from here up to the next segment, and the items whose ranges hold them. */
interface Segment<T> {
  readonly start: string;
  readonly items: readonly T[];
}

/**
 * Items by the ranges that they have. The ends of all ranges cut the keys into segments, each of which lies in the same ranges from its first key to its last:
 * so one search finds whatever holds a key, and ranges may lie within each other or overlap.
 */
export class RangeIndex<T extends { readonly range: KeyRange }> {
  #segments: Segment<T>[] = [{ start: '', items: [] }];

  /** How many segments there are: of n ranges, at most 2n + 1. */
  get size(): number {
    return this.#segments.length;
  }

  add(item: T): void {
    this.#replace(item.range, (items) => items.concat(item));
  }

  delete(item: T): void {
    this.#replace(item.range, (items) => items.filter((other) => other !== item));
  }

  /** What holds the key, in the order of being added. */
  at(key: Key): readonly T[] {
    return this.#segments[this.#indexOf(key)]?.items ?? [];
  }

  /** What lies within the range; one that lies within another comes after it. */
  within(range: KeyRange): readonly T[] {
    const limit = rangeLimit(range);
    const found = new Set<T>();
    for (let at = this.#indexOf(range.start); at < this.#segments.length; at += 1) {
      const segment = this.#segments[at];
      if (segment === undefined || segment.start >= limit) {
        break;
      }
      for (const item of segment.items) {
        found.add(item);
      }
    }
    return [...found].filter((item) => isWithin(item.range, range)).sort(widestFirst);
  }

  #replace(range: KeyRange, change: (items: readonly T[]) => readonly T[]): void {
    const from = this.#cut(range.start);
    const to = this.#cut(rangeLimit(range));
    for (let at = from; at < to; at += 1) {
      const { start, items } = this.#segments[at] as Segment<T>;
      this.#segments[at] = { start, items: change(items) };
    }
    // From the back, so that the place of the other does not move.
    this.#join(to);
    this.#join(from);
  }

  /** Has a segment begin there; returns its place. */
  #cut(start: string): number {
    const at = this.#indexOf(start);
    const segment = this.#segments[at];
    if (segment === undefined || segment.start === start) {
      return at;
    }
    this.#segments.splice(at + 1, 0, { start, items: segment.items });
    return at + 1;
  }

  /** Makes a segment one with that before it, where the same ranges hold both. */
  #join(at: number): void {
    const [before, after] = [this.#segments[at - 1], this.#segments[at]];
    if (before !== undefined && after !== undefined && isSameList(before.items, after.items)) {
      this.#segments.splice(at, 1);
    }
  }

  /** The segment that holds the key: the last that does not begin after it. */
  #indexOf(key: string): number {
    return bisect(this.#segments, ({ start }) => start > key) - 1;
  }
}

function isSameList<T>(a: readonly T[], b: readonly T[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}

function widestFirst({ range: a }: { range: KeyRange }, { range: b }: { range: KeyRange }): number {
  if (a.start !== b.start) {
    return a.start < b.start ? -1 : 1;
  }
  return rangeLimit(a) > rangeLimit(b) ? -1 : 1;
}
