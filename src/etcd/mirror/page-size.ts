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

export function firstPageSize(targetBytes: number, keysOnly: boolean): PageSize {
  return { limit: keysOnly ? firstLimitKeysOnly : firstLimit, targetBytes };
}

/** The size after a page of that many keys and bytes. */
export function nextPageSize(size: PageSize, keys: number, bytes: number): PageSize {
  const fitting = Math.floor((size.targetBytes * Math.max(1, keys)) / Math.max(1, bytes));
  const limit = Math.min(fitting, size.limit * growth, mostKeys);
  return { ...size, limit: Math.max(1, limit) };
}

/** The size after a page that was too large to receive; undefined where it cannot be any smaller. */
export function smallerPageSize(size: PageSize): PageSize | undefined {
  return size.limit === 1 ? undefined : { ...size, limit: Math.ceil(size.limit / 4) };
}
