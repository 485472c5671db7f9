import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cutEnd, cutStart, padEnd, printable, renderLine, widthOf } from './terminal-text.ts';

describe('text on a terminal', () => {
  it.each([
    ['a\x1b[31mb', 'a\\u{1b}[31mb'],
    ['a\u009b31m', 'a\\u{9b}31m'],
    ['x\u202ey', 'x\\u{202e}y'],
    ['line\nbreak\ttab', 'line\\u{a}break\\u{9}tab'],
    ['tag\u{e0041}', 'tag\\u{e0041}'],
    ['日本 é', '日本 é'],
  ])('%j is printed as %s', (text, printed) => {
    expect(printable(text)).toBe(printed);
  });

  it.each([
    ['abc', 3],
    ['日本', 4],
    ['e\u0301', 1],
    ['🚀', 2],
    ['', 0],
  ])('%s takes %d columns', (text, width) => {
    expect(widthOf(text)).toBe(width);
  });

  it('is cut at the end or at the beginning, never in the middle of a wide character', () => {
    expect([cutEnd('abcdef', 4), cutEnd('日本語', 4), cutEnd('abc', 3), cutEnd('abc', 0)]).toEqual([
      'abc…',
      '日…',
      'abc',
      '',
    ]);
    expect([cutStart('/services/web-1', 6), cutStart('日本語', 4)]).toEqual(['…web-1', '…語']);
  });

  it('never takes more columns than there are, however it is cut, padded or coloured', () => {
    const span = fc.record({
      text: fc.string({ unit: 'grapheme' }),
      tone: fc.constantFrom('good', 'bad', undefined),
    });
    fc.assert(
      fc.property(fc.array(span), fc.integer({ min: 0, max: 40 }), fc.boolean(), (spans, columns, colour) => {
        const line = spans.map(({ text, tone }) => ({ text: padEnd(printable(text), 5), tone }) as const);
        const rendered = renderLine(line, columns, colour);
        // biome-ignore lint/suspicious/noControlCharactersInRegex: what colours a line is made of them
        const escapes = /\x1b\[\d+m/g;
        expect(widthOf(rendered.replace(escapes, ''))).toBeLessThanOrEqual(columns);
      }),
    );
  });

  it('has colours only where they are asked for', () => {
    const line = [{ text: 'up  ', tone: 'good' }, { text: 'plain  ' }] as const;
    expect(renderLine(line, undefined, true)).toBe('\x1b[32mup  \x1b[0mplain  ');
    expect(renderLine(line, undefined, false)).toBe('up  plain');
  });
});
