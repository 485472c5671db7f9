import { showKey } from '../etcd/key.ts';
import type { Item } from '../formats/types.ts';
import { type Discovered, leaseName } from './discovered.ts';
import { instanceText } from './item-text.ts';
import { cutStart, type Line, padEnd, printable, type Span, widthOf } from './terminal-text.ts';

export interface TableOptions {
  /** Columns of the terminal; undefined: as wide as the longest key. */
  readonly columns: number | undefined;
  /** Rows after the heading at most; undefined: all. */
  readonly rows: number | undefined;
  /** The seconds that remain to a lease (decimal id) by what is known; absent: leases are not shown. */
  readonly remainingSeconds?: ((lease: string) => number | undefined) | undefined;
}

/** Keys take at most this share of the line: what they register must be seen too. */
const keyShare = 0.5;
const leastKeyWidth = 16;

/** The registrations as lines with a heading, an instance a line. */
export function tableFrame(registrations: readonly Discovered[], options: TableOptions): readonly Line[] {
  const { columns, rows = Number.POSITIVE_INFINITY, remainingSeconds } = options;
  const heading = ['KEY', 'INSTANCE', ...(remainingSeconds === undefined ? [] : ['TTL', 'LEASE']), 'STATE'];
  const cells: (readonly Span[])[] = [heading.map((text) => ({ text }))];
  for (const registration of registrations) {
    if (cells.length > rows) {
      break;
    }
    const shown = registration.items.slice(0, rows + 1 - cells.length);
    cells.push(...shown.map((item) => cellsOf(registration, item, remainingSeconds)));
  }
  const most = columns === undefined ? Number.POSITIVE_INFINITY : Math.max(leastKeyWidth, columns * keyShare);
  return aligned(
    cells.map(([key, ...others]) => [{ text: cutStart(key?.text ?? '', Math.floor(most)) }, ...others]),
  );
}

/** How many keys and instances there are, by what became of them. */
export function tableSummary(registrations: readonly Discovered[]): string {
  const items = registrations.flatMap((registration) => registration.items);
  const counts = [
    [items.filter((item) => item.kind === 'instance' && item.instance.ready).length, 'ready'],
    [items.filter((item) => item.kind === 'instance' && !item.instance.ready).length, 'not ready'],
    [items.filter((item) => item.kind === 'rejected').length, 'rejected'],
    [items.filter((item) => item.kind === 'ignored').length, 'ignored'],
  ] as const;
  const shown = counts.filter(([count], index) => count > 0 || index === 0);
  const keys = registrations.length === 1 ? '1 key' : `${registrations.length} keys`;
  return [keys, ...shown.map(([count, what]) => `${count} ${what}`)].join(', ');
}

function cellsOf(
  { key, lease }: Discovered,
  item: Item,
  remainingSeconds: TableOptions['remainingSeconds'],
): readonly Span[] {
  const remaining = remainingSeconds?.(lease);
  return [
    { text: showKey(key) },
    { text: item.kind === 'instance' ? printable(instanceText(item.instance)) : '-' },
    ...(remainingSeconds === undefined
      ? []
      : [{ text: remaining === undefined ? '-' : `${remaining} s` }, { text: leaseName(lease) ?? '-' }]),
    stateOf(item),
  ];
}

function stateOf(item: Item): Span {
  if (item.kind === 'ignored') {
    return { text: printable(`ignored: ${item.message}`), tone: 'quiet' };
  }
  if (item.kind === 'rejected') {
    return { text: printable(`${item.reason}: ${item.message}`), tone: 'bad' };
  }
  return item.instance.ready ? { text: 'ready', tone: 'good' } : { text: 'not ready', tone: 'doubtful' };
}

/** Pads every cell but the last of a line to the widest of its column. */
function aligned(lines: readonly (readonly Span[])[]): readonly Line[] {
  const widths: number[] = [];
  for (const line of lines) {
    for (const [column, { text }] of line.entries()) {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(text));
    }
  }
  return lines.map((line) =>
    line.map((cell, column) =>
      column === line.length - 1 ? cell : { ...cell, text: `${padEnd(cell.text, widths[column] ?? 0)}  ` },
    ),
  );
}
