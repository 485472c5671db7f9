import { expect, type RunnerTestCase, TestRunner } from 'vitest';
import { marginMs } from './eventually.ts';
import type { Verdict } from './recorder.ts';

/** What a test has measured of a promise. */
export interface Figure {
  readonly value: number;
  /** `ms`, `keys` …; none for a plain count. */
  readonly unit?: string;
  /** What is promised at most. */
  readonly most?: number;
}

declare module 'vitest' {
  interface TaskMeta {
    /** What has been measured, by its name: vitest's JSON report carries it to `npm run faults`. */
    figures?: Record<string, Figure>;
  }
}

/**
 * Notes a figure of this test for docs/reliability.md, the largest where it is measured more than once, and fails where it is more than what is
 * promised: times with the margin of a busy machine. A test that runs beside others of its file has to say which it is.
 */
export function measured(
  name: string,
  value: number,
  promise: { readonly unit?: string; readonly most?: number } = {},
  task: Pick<RunnerTestCase, 'meta'> = currentTest(),
): void {
  const before = task.meta.figures?.[name]?.value ?? 0;
  const worst = Math.max(before, Math.round(value * 100) / 100);
  task.meta.figures = { ...task.meta.figures, [name]: { value: worst, ...promise } };
  if (promise.most !== undefined) {
    const margin = promise.unit === 'ms' ? marginMs : 0;
    expect(value, name).toBeLessThanOrEqual(promise.most + margin);
  }
}

/** Notes how long some work took, which may be so long at most, and returns its result. */
export async function timed<Result>(
  name: string,
  mostMs: number,
  work: () => Promise<Result>,
): Promise<Result> {
  const started = performance.now();
  const result = await work();
  measured(name, performance.now() - started, { unit: 'ms', most: mostMs });
  return result;
}

/** Notes what a recorded range was told wrongly; nothing may be. */
export function measuredVerdict(verdict: Verdict): void {
  measured('events lost', verdict.lost, { most: 0 });
  measured('events applied twice', verdict.duplicates, { most: 0 });
  measured('events invented', verdict.invented, { most: 0 });
  measured('events out of order', verdict.outOfOrder, { most: 0 });
  measured('revisions torn', verdict.torn, { most: 0 });
  measured('keys that differ afterwards', verdict.contentDiffers, { most: 0 });
}

function currentTest(): Pick<RunnerTestCase, 'meta'> {
  const test = TestRunner.getCurrentTest();
  if (test === undefined) {
    throw new Error('measured() belongs into a test');
  }
  return test;
}
