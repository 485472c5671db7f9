import { rangeLimit } from '../key.ts';
import type { Key, KeyRange } from '../types.ts';

/** A run that has grown to this length is halved. */
const longestRun = 512;

/**
 * Keys in their order, kept in short runs, so that among 100 000 keys one is added or deleted, and a range is found, without touching the
 * others. No key is added twice.
 */
export class SortedKeys {
  /** None is empty. */
  readonly #runs: Key[][] = [];

  constructor(keys: Iterable<Key>) {
    const sorted = [...keys].sort();
    for (let start = 0; start < sorted.length; start += longestRun / 2) {
      this.#runs.push(sorted.slice(start, start + longestRun / 2));
    }
  }

  add(key: Key): void {
    const at = Math.max(0, this.#runAfter(key) - 1);
    const run = this.#runs[at];
    if (run === undefined) {
      this.#runs.push([key]);
      return;
    }
    run.splice(firstFrom(run, key), 0, key);
    if (run.length >= longestRun) {
      this.#runs.splice(at + 1, 0, run.splice(longestRun / 2));
    }
  }

  delete(key: Key): void {
    const at = this.#runAfter(key) - 1;
    const run = this.#runs[at] ?? [];
    const index = firstFrom(run, key);
    if (run[index] !== key) {
      return;
    }
    run.splice(index, 1);
    if (run.length === 0) {
      this.#runs.splice(at, 1);
    }
  }

  /** The keys of a range, in their order. Nothing may be added or deleted meanwhile. */
  *within(range: KeyRange): Generator<Key, undefined> {
    const limit = rangeLimit(range);
    let at = Math.max(0, this.#runAfter(range.start) - 1);
    let index = firstFrom(this.#runs[at] ?? [], range.start);
    for (let run = this.#runs[at]; run !== undefined; at += 1, run = this.#runs[at], index = 0) {
      for (; index < run.length; index += 1) {
        const key = run[index];
        if (key === undefined || key >= limit) {
          return;
        }
        yield key;
      }
    }
  }

  /** The first run that begins after the key. */
  #runAfter(key: Key): number {
    return bisect(this.#runs, ([first]) => first !== undefined && first > key);
  }
}

/** The place of the first key that is not smaller. */
function firstFrom(run: readonly Key[], key: Key): number {
  return bisect(run, (other) => other >= key);
}

/** The place of the first item that is beyond what is sought; all after it are too. */
export function bisect<T>(items: readonly T[], isBeyond: (item: T) => boolean): number {
  let [from, to] = [0, items.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isBeyond(items[middle] as T)) {
      to = middle;
    } else {
      from = middle + 1;
    }
  }
  return from;
}
