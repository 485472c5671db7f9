import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextPageSize, type PageSize, smallerPageSize } from './page-size.ts';

const target = 2 * 1024 * 1024;
const first: PageSize = { limit: 32, targetBytes: target, most: 10_000 };

/** Sizes of the pages of a list whose values all weigh that much. */
function pagesOf(valueBytes: number, keys: number): readonly PageSize[] {
  const pages: PageSize[] = [];
  let size = first;
  for (let left = keys; left > 0; left -= size.limit) {
    pages.push(size);
    const taken = Math.min(left, size.limit);
    size = nextPageSize(size, taken, taken * valueBytes);
  }
  return pages;
}

describe('the size of a page', () => {
  it('grows to thousands of items where they are light, and no further than it may', () => {
    expect(pagesOf(100, 100_000).length).toBeLessThan(20);
    expect(pagesOf(1, 100_000).map(({ limit }) => limit)).toContain(first.most);
    expect(Math.max(...pagesOf(1, 100_000).map(({ limit }) => limit))).toBe(first.most);
  });

  it('shrinks to one item a page where each is above the target', () => {
    expect(pagesOf(target + 1, 100).at(-1)?.limit).toBe(1);
  });

  it('stays within the target once it has seen what items weigh, and within eight times the page before', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1_600_000 }), (valueBytes) => {
        const [, ...others] = pagesOf(valueBytes, 2_000).map(({ limit }) => limit);
        expect(others.filter((limit) => limit > 1 && limit * valueBytes > target)).toEqual([]);
        expect(others.filter((limit, index) => limit > 8 * (others[index - 1] ?? first.limit))).toEqual([]);
      }),
    );
  });

  it('becomes smaller down to one item where a page cannot be received, and then no more', () => {
    let size: PageSize | undefined = { ...first, limit: 10_000 };
    const limits: number[] = [];
    while (size !== undefined) {
      limits.push(size.limit);
      size = smallerPageSize(size);
    }
    expect(limits).toEqual([10_000, 2_500, 625, 157, 40, 10, 3, 1]);
  });
});
