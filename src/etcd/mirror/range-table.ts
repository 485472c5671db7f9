import { isWithin } from '../key.ts';
import type { Change, Key, KeyRange, Registration } from '../types.ts';
import type { FollowedRange } from './followed-range.ts';
import { RangeIndex } from './range-index.ts';
import type { RangeMirror } from './range-mirror.ts';

/** The ranges that are followed, and which mirror shows which of them. */
export class RangeTable {
  readonly #byId = new Map<string, FollowedRange>();
  readonly #index = new RangeIndex<FollowedRange>();

  get(range: KeyRange): FollowedRange | undefined {
    return this.#byId.get(idOf(range));
  }

  add(followed: FollowedRange): void {
    this.#byId.set(idOf(followed.range), followed);
    this.#index.add(followed);
  }

  delete(followed: FollowedRange): void {
    this.#byId.delete(idOf(followed.range));
    this.#index.delete(followed);
  }

  /** All of them, at the time of iterating. */
  values(): Iterable<FollowedRange> {
    return { [Symbol.iterator]: () => this.#byId.values() };
  }

  get size(): number {
    return this.#byId.size;
  }

  /** What the mirror shows, its own range first, and what lies within another one after that. */
  shownBy(mirror: RangeMirror): readonly FollowedRange[] {
    return this.#index.within(mirror.range).filter(({ source }) => source === mirror);
  }

  /** The mirrors of ranges in which this one lies. */
  widerThan(range: KeyRange): readonly RangeMirror[] {
    return this.#index
      .at(range.start)
      .filter(({ range: other }) => other !== range && isWithin(range, other))
      .flatMap(ownMirror);
  }

  /** The mirrors of ranges that lie within this one. */
  narrowerThan(range: KeyRange): readonly RangeMirror[] {
    return this.#index
      .within(range)
      .flatMap((followed) => (followed.range === range ? [] : ownMirror(followed)));
  }

  /** Which of the changes concern each range that the mirror shows. */
  sort(mirror: RangeMirror, changes: readonly Change[]): ReadonlyMap<FollowedRange, readonly Change[]> {
    const sorted = new Map<FollowedRange, Change[]>();
    for (const change of changes) {
      for (const followed of this.#index.at(change.key)) {
        if (followed.source === mirror) {
          const own = sorted.get(followed);
          own === undefined ? sorted.set(followed, [change]) : own.push(change);
        }
      }
    }
    return sorted;
  }

  /** What some mirror holds for the key. */
  registration(key: Key): Registration | undefined {
    for (const { source } of this.#index.at(key)) {
      const registration = source.registrations.get(key);
      if (registration !== undefined) {
        return registration;
      }
    }
    return undefined;
  }
}

function ownMirror({ range, source }: FollowedRange): readonly RangeMirror[] {
  return source.range === range ? [source] : [];
}

/** No key holds a char above 0xff. */
function idOf({ start, end }: KeyRange): string {
  return `${start}\u0100${end}`;
}
