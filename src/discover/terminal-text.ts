/** Text on a terminal: nothing that comes from etcd may move the cursor, change colours or turn the direction of reading. */

/** What a colour says. */
export type Tone = 'good' | 'doubtful' | 'bad' | 'quiet';

/** A part of a line. */
export interface Span {
  readonly text: string;
  readonly tone?: Tone | undefined;
}

export type Line = readonly Span[];

/** SGR codes (ECMA-48): green, yellow, red, faint. */
const codes: Readonly<Record<Tone, string>> = { good: '32', doubtful: '33', bad: '31', quiet: '2' };

/** Control and format characters, bidirectional ones among them, and separators of lines. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/** The text with everything that a terminal would act on written out, as in `\u{1b}`. */
export function printable(text: string): string {
  return text.replace(unprintable, (char) => `\\u{${char.codePointAt(0)?.toString(16)}}`);
}

const noWidth = /^\p{M}$/u;
/** East Asian wide and full-width characters and emoji (Unicode, UAX 11), by their blocks. */
const doubleWidth =
  /^[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]|\p{Emoji_Presentation}$/u;

/** How many columns a printable text takes. */
export function widthOf(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) {
    return text.length;
  }
  let width = 0;
  for (const char of text) {
    width += widthOfChar(char);
  }
  return width;
}

/** The text in at most so many columns; where it is longer, `…` stands for its end. */
export function cutEnd(text: string, columns: number): string {
  if (widthOf(text) <= columns) {
    return text;
  }
  return columns < 1 ? '' : `${takeColumns([...text], columns - 1).join('')}…`;
}

/** As {@link cutEnd}, for texts that differ at their end: `…` stands for the beginning. */
export function cutStart(text: string, columns: number): string {
  if (widthOf(text) <= columns) {
    return text;
  }
  return columns < 1
    ? ''
    : `…${takeColumns([...text].reverse(), columns - 1)
        .reverse()
        .join('')}`;
}

export function padEnd(text: string, columns: number): string {
  return text + ' '.repeat(Math.max(0, columns - widthOf(text)));
}

/** The line as a terminal takes it: in at most so many columns (any number without a limit), coloured or not, without a line break. */
export function renderLine(line: Line, columns: number | undefined, colour: boolean): string {
  let left = columns ?? Number.POSITIVE_INFINITY;
  let rendered = '';
  for (const { text, tone } of line) {
    const cut = cutEnd(text, left);
    left -= widthOf(cut);
    rendered += colour && tone !== undefined && cut !== '' ? `\x1b[${codes[tone]}m${cut}\x1b[0m` : cut;
  }
  return colour ? rendered : rendered.trimEnd();
}

function takeColumns(chars: readonly string[], columns: number): string[] {
  const taken: string[] = [];
  let width = 0;
  for (const char of chars) {
    width += widthOfChar(char);
    if (width > columns) {
      break;
    }
    taken.push(char);
  }
  return taken;
}

function widthOfChar(char: string): number {
  if (noWidth.test(char)) {
    return 0;
  }
  return doubleWidth.test(char) ? 2 : 1;
}
