/** One line of the table: what was measured, and what of it may be concluded. */
export interface Row {
  /** What `--only` chooses it by. */
  readonly id: string;
  readonly what: string;
  readonly ours: string;
  /** The raw limit, measured in the same run on the same servers; empty where there is none. */
  readonly raw: string;
  /** Ours as a part or a multiple of the raw limit. */
  readonly ratio?: number | undefined;
  readonly goal: string;
  /** Whether the goal holds; undefined where the row is only to be read. */
  readonly holds?: boolean | undefined;
}

/** On what it was measured. */
export interface Setting {
  readonly date: string;
  readonly machine: string;
  readonly versions: string;
  /** Load of the machine over the last minute when the run began: other work beside it makes times long, and ratios less so. */
  readonly load: number;
  readonly scale: number;
}

/** A table in Markdown, for docs/performance.md. */
export function table(setting: Setting, rows: readonly Row[]): string {
  const { date, machine, versions, load, scale } = setting;
  const head = `${date}, ${machine}, ${versions}, load ${load.toFixed(1)} at the start${scale === 1 ? '' : `, sizes × ${scale}`}`;
  const lines = rows.map(({ what, ours, raw, ratio, goal, holds }) => {
    const verdict = holds === undefined ? '' : holds ? ' ✓' : ' **missed**';
    return `| ${[what, ours, raw, ratio?.toFixed(2) ?? '', `${goal}${verdict}`].join(' | ')} |`;
  });
  return [
    head,
    '',
    '| measurement | ours | raw limit | ratio | goal |',
    '|---|---|---|---|---|',
    ...lines,
  ].join('\n');
}

export function milliseconds(ms: number): string {
  return ms >= 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${ms < 20 ? ms.toFixed(1) : Math.round(ms)} ms`;
}

export function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MB`;
}

export function perSecond(count: number, ms: number): string {
  return `${Math.round((count * 1000) / ms)}/s`;
}

/** The value below which such a part of all lie: 0.5 for the middle. */
export function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}
