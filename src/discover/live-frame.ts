import { type Line, renderLine } from './terminal-text.ts';

/** What stands in a live view at one moment. */
export interface LiveContent {
  /** What is followed, and how it is; at most one line. */
  readonly title: string;
  /** Why etcd cannot be read now. */
  readonly trouble: string | undefined;
  /** Every line that there is to show, or at least `rows` of them. */
  readonly lines: readonly Line[];
  /** How many more lines there are than those given. */
  readonly more: number;
}

export interface LiveSize {
  readonly columns: number;
  readonly rows: number;
}

/** The lines of a live view for a terminal of that size: what does not fit is counted in the last one. */
export function liveFrame(
  content: LiveContent,
  { columns, rows }: LiveSize,
  colour: boolean,
): readonly string[] {
  const head: readonly Line[] = [
    [{ text: content.title }],
    ...(content.trouble === undefined ? [] : [[{ text: content.trouble, tone: 'bad' } as const]]),
  ];
  const room = Math.max(0, rows - head.length);
  const fits = content.lines.length <= room && content.more === 0;
  const shown = fits ? content.lines : content.lines.slice(0, Math.max(0, room - 1));
  const left = content.lines.length - shown.length + content.more;
  const foot: readonly Line[] = fits ? [] : [[{ text: `… and ${left} more`, tone: 'quiet' }]];
  return [...head, ...shown, ...foot].slice(0, rows).map((line) => renderLine(line, columns, colour));
}
