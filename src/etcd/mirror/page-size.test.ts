import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { firstPageSize, nextPageSize, type PageSize, smallerPageSize } from './page-size.ts';

const target = 2 * 1024 * 1024;

/** Sizes of the pages of a list whose values all weigh that much. */
function pagesOf(valueBytes: number, keys: number): readonly PageSize[] {
  const pages: PageSize[] = [];
  let size = firstPageSize(target, false);
  for (let left = keys; left > 0; left -= size.limit) {
    pages.push(size);
    const taken = Math.min(left, size.limit);
    size = nextPageSize(size, taken, taken * valueBytes);
  }
  return pages;
}

describe('the size of a page', () => {
  it('starts small enough for the largest values that etcd takes', () => {
    expect(firstPageSize(target, false).limit * 1.5).toBeLessThan(50);
  });

  it('grows to thousands of keys where they are light', () => {
    expect(pagesOf(100, 100_000).length).toBeLessThan(20);
  });

  it('shrinks to one key a page where each is above the target', () => {
    expect(pagesOf(target + 1, 100).at(-1)?.limit).toBe(1);
  });

  it('stays within the target once it has seen what keys weigh, and within eight times the page before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_600_000 }), (valueBytes) => {
        const [first, ...others] = pagesOf(valueBytes, 2_000).map(({ limit }) => limit);
        expect(others.filter((limit) => limit > 1 && limit * valueBytes > target)).toEqual([]);
        expect(others.filter((limit, index) => limit > 8 * (others[index - 1] ?? first ?? 0))).toEqual([]);
      }),
    );
  });

  it('becomes smaller down to one key where a page cannot be received, and then no more', () => {
    let size: PageSize | undefined = { limit: 10_000, targetBytes: target };
    const limits: number[] = [];
    while (size !== undefined) {
      limits.push(size.limit);
      size = smallerPageSize(size);
    }
    expect(limits).toEqual([10_000, 2_500, 625, 157, 40, 10, 3, 1]);
  });
});
