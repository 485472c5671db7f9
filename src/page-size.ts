/** Lists take a limit in items, while what must stay small is the page's bytes: the limit follows what items have weighed so far. */
export interface PageSize {
  /** Most items of the next page. */
  readonly limit: number;
  /** Bytes that a page aims at. */
  readonly targetBytes: number;
  /** The largest limit, however light items are. */
  readonly most: number;
}

/** A page may be that much larger than the one before: items may grow heavier further on. */
const growth = 8;

/** The size after a page of that many items and bytes. */
export function nextPageSize(size: PageSize, items: number, bytes: number): PageSize {
  const fitting = Math.floor((size.targetBytes * Math.max(1, items)) / Math.max(1, bytes));
  const limit = Math.min(fitting, size.limit * growth, size.most);
  return { ...size, limit: Math.max(1, limit) };
}

/** The size after a page that was too large to receive; undefined where it cannot be any smaller. */
export function smallerPageSize(size: PageSize): PageSize | undefined {
  return size.limit === 1 ? undefined : { ...size, limit: Math.ceil(size.limit / 4) };
}
