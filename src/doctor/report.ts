import { printable } from '../discover/terminal-text.ts';
import type { Finding, Outcome } from './finding.ts';

const outcomes: readonly Outcome[] = ['ok', 'warning', 'problem', 'skipped'];

/** For people: a line for each finding, what to do at its end, and a line that counts them. */
export function reportText(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.map(({ check, outcome, message, action }) => {
    const told = action === undefined ? message : `${message}; ${action}`;
    return `${outcome.padEnd('problem'.length)}  ${check.padEnd(width)}  ${told}`;
  });
  const counts = countsOf(findings);
  const summary = outcomes.flatMap((outcome) =>
    counts[outcome] > 0 ? [`${counts[outcome]} ${outcome}`] : [],
  );
  return [...lines, summary.join(', ')].map((line) => `${printable(line)}\n`).join('');
}

/** For programs. */
export function reportJson(findings: readonly Finding[]): string {
  return `${JSON.stringify({ findings, counts: countsOf(findings) }, null, 2)}\n`;
}

/** Whether anything does not work. */
export function isIll(findings: readonly Finding[]): boolean {
  return countsOf(findings).problem > 0;
}

function countsOf(findings: readonly Finding[]): Readonly<Record<Outcome, number>> {
  const count = (wanted: Outcome): number => findings.filter(({ outcome }) => outcome === wanted).length;
  return { ok: count('ok'), warning: count('warning'), problem: count('problem'), skipped: count('skipped') };
}
