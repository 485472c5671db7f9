import { rangeHolds } from '../key.ts';
import type { Key, KeyRange, Registration } from '../types.ts';
import { SortedKeys } from './sorted-keys.ts';

/** Registrations by their key, which also shows a part of its range without looking at the others. */
export class Registrations extends Map<Key, Registration> {
  /** Kept from the first time on that a part is looked at. */
  #order: SortedKeys | undefined;

  override set(key: Key, registration: Registration): this {
    if (!this.has(key)) {
      this.#order?.add(key);
    }
    return super.set(key, registration);
  }

  override delete(key: Key): boolean {
    this.#order?.delete(key);
    return super.delete(key);
  }

  override clear(): void {
    this.#order = undefined;
    super.clear();
  }

  /** The registrations of a part, as they are whenever it is looked at. */
  within(range: KeyRange): ReadonlyMap<Key, Registration> {
    return new Part(this, range);
  }

  keysWithin(range: KeyRange): Iterable<Key> {
    this.#order ??= new SortedKeys(this.keys());
    return this.#order.within(range);
  }
}

/** A window: it holds nothing of its own. */
class Part implements ReadonlyMap<Key, Registration> {
  readonly #all: Registrations;
  readonly #range: KeyRange;

  constructor(all: Registrations, range: KeyRange) {
    this.#all = all;
    this.#range = range;
  }

  get size(): number {
    return [...this.keys()].length;
  }

  has(key: Key): boolean {
    return rangeHolds(this.#range, key) && this.#all.has(key);
  }

  get(key: Key): Registration | undefined {
    return rangeHolds(this.#range, key) ? this.#all.get(key) : undefined;
  }

  keys(): MapIterator<Key> {
    return Iterator.from(this.#all.keysWithin(this.#range));
  }

  entries(): MapIterator<[Key, Registration]> {
    return this.keys().map((key): [Key, Registration] => [key, this.#all.get(key) as Registration]);
  }

  values(): MapIterator<Registration> {
    return this.entries().map(([, registration]) => registration);
  }

  [Symbol.iterator](): MapIterator<[Key, Registration]> {
    return this.entries();
  }

  forEach(
    callback: (value: Registration, key: Key, map: ReadonlyMap<Key, Registration>) => void,
    thisArg?: unknown,
  ): void {
    for (const [key, registration] of this) {
      callback.call(thisArg, registration, key, this);
    }
  }
}
