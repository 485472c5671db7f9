/** etcd takes a limit in keys, while what must stay small is the page's bytes: the limit follows what keys have weighed so far. */
export interface PageSize {
  /** Most keys of the next page. */
  readonly limit: number;
  /** Bytes that a page aims at. */
  readonly targetBytes: number;
}

/** With values of 1.5 MiB, the most that etcd takes by default, the first page stays below 50 MiB. */
const firstLimit = 32;
/** Keys without values are light, whatever the values are. */
const firstLimitKeysOnly = 1_000;
const mostKeys = 10_000;
/** A page may be that much larger than the one before: keys may grow heavier further on. */
const growth = 8;

/** Most keys of a first page that goes by the keys of other ranges: here they may be heavier. */
const firstLimitByOthers = 128;

/** What the keys of a registry weigh, as its lists have seen it. */
export class KeyWeight {
  /** Bytes of a key and its value, the mean of the page that was seen last. */
  #bytes: number | undefined;

  saw(keys: number, bytes: number): void {
    if (keys > 0) {
      this.#bytes = bytes / keys;
    }
  }

  /** The size of the first page of a range that has not been listed yet. */
  firstPageSize(targetBytes: number): PageSize {
    if (this.#bytes === undefined) {
      return firstPageSize(targetBytes, false);
    }
    return { limit: Math.min(fitting(targetBytes, 1, this.#bytes), firstLimitByOthers), targetBytes };
  }
}

export function firstPageSize(targetBytes: number, keysOnly: boolean): PageSize {
  return { limit: keysOnly ? firstLimitKeysOnly : firstLimit, targetBytes };
}

/** The size after a page of that many keys and bytes. */
export function nextPageSize(size: PageSize, keys: number, bytes: number): PageSize {
  const limit = Math.min(fitting(size.targetBytes, keys, bytes), size.limit * growth, mostKeys);
  return { ...size, limit };
}

/** How many keys of the weight of those fit, at least one. */
function fitting(targetBytes: number, keys: number, bytes: number): number {
  return Math.max(1, Math.floor((targetBytes * Math.max(1, keys)) / Math.max(1, bytes)));
}

/** The size after a page that was too large to receive; undefined where it cannot be any smaller. */
export function smallerPageSize(size: PageSize): PageSize | undefined {
  return size.limit === 1 ? undefined : { ...size, limit: Math.ceil(size.limit / 4) };
}
