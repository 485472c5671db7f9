import { describe, expect, it } from 'vitest';
import { warningTexts } from './warnings.ts';

describe('warningTexts', () => {
  it('unquotes each text of code 299', () => {
    const header = String.raw`299 - "first, with \"quotes\"", 299 kube "second"`;
    expect(warningTexts(header)).toEqual(['first, with "quotes"', 'second']);
  });

  it('ignores other codes and what is no warning', () => {
    expect(warningTexts('199 - "other", nonsense "')).toEqual([]);
  });
});
