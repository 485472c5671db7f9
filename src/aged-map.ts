/** So many of the oldest keys are found at once. */
const atOnce = 128;

/**
 * A map that knows its oldest entry at any time. A Map of V8's keeps the places of entries that have gone until it is made anew, and goes through them each time that
 * somebody asks for its first entry: thousands of them, where the oldest go one by one. An iterator that is kept instead holds every table that the map has had meanwhile.
 */
export class AgedMap<K extends string | object, V> extends Map<K, V> {
  /** The oldest keys in their order; undefined until somebody asks. */
  #eldest: Set<K> | undefined;

  /** The key that was set before all others; undefined where there is none. One that is set again keeps its place, unless it was deleted before. */
  get oldest(): K | undefined {
    if (this.#eldest === undefined || this.#eldest.size === 0) {
      this.#eldest = new Set(this.keys().take(atOnce));
    }
    const [oldest] = this.#eldest;
    return oldest;
  }

  /** Deletes the oldest entry and returns it. */
  takeOldest(): readonly [K, V] | undefined {
    const { oldest } = this;
    if (oldest === undefined) {
      return undefined;
    }
    const value = this.get(oldest) as V;
    this.delete(oldest);
    return [oldest, value];
  }

  override delete(key: K): boolean {
    this.#eldest?.delete(key);
    return super.delete(key);
  }

  override clear(): void {
    this.#eldest = undefined;
    super.clear();
  }
}
