import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines } from './line-diff.ts';
import { unifiedDiff } from './unified.ts';

const texts = fc.array(fc.constantFrom('a', 'b', 'c', 'd'), { maxLength: 30 });

describe('the difference of two texts', () => {
  it('leads from one to the other, whatever they are, and is empty for equal ones', () => {
    fc.assert(
      fc.property(texts, texts, (before, after) => {
        const lines = diffLines(before, after);
        const side = (other: string) => lines.filter(({ sign }) => sign !== other).map(({ text }) => text);
        expect([side('+'), side('-')]).toEqual([before, after]);
        expect(diffLines(before, before).every(({ sign }) => sign === ' ')).toBe(true);
      }),
    );
  });

  it('takes away and adds no more than is needed', () => {
    const signs = diffLines(['a', 'b', 'c', 'd', 'e'], ['a', 'c', 'x', 'd', 'e']).map(
      ({ sign, text }) => `${sign}${text}`,
    );
    expect(signs).toEqual([' a', '-b', ' c', '+x', ' d', ' e']);
  });

  it('tells one side after the other where the texts are too long to compare', () => {
    const many = (letter: string) => Array.from({ length: 2100 }, (_, n) => `${letter}${n}`);
    expect(
      diffLines(many('a'), many('b'))
        .map(({ sign }) => sign)
        .join(''),
    ).toMatch(/^-{2100}\+{2100}$/);
  });

  it('is shown as diff -u does, with three lines around each change', () => {
    const before = Array.from({ length: 20 }, (_, n) => `${n + 1}`);
    const after = before.with(1, 'two').toSpliced(17, 1);
    expect(unifiedDiff(before, after)).toEqual([
      ...['@@ -1,5 +1,5 @@', ' 1', '-2', '+two', ' 3', ' 4', ' 5'],
      ...['@@ -15,6 +15,5 @@', ' 15', ' 16', ' 17', '-18', ' 19', ' 20'],
    ]);
    expect(unifiedDiff([], ['new'])).toEqual(['@@ -0,0 +1,1 @@', '+new']);
    expect(unifiedDiff(before, before)).toEqual([]);
  });
});
