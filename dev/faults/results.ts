import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { Scenario } from '../../test/faults/scenarios.ts';

/** Where the results of the fault suite are kept, a file a run: docs/reliability.md is made of them. */
const folder = join(import.meta.dirname, '../../test/faults/results');

const figureSchema = z.object({
  value: z.number(),
  unit: z.string().optional(),
  most: z.number().optional(),
});

const resultSchema = z.object({
  name: z.string(),
  passed: z.boolean(),
  /** What was measured, by its name; see test/kit/measured.ts. */
  figures: z.record(z.string(), figureSchema),
});

const runSchema = z.object({
  /** What repeats it. */
  command: z.string(),
  /** Such as 2026-11-29. */
  date: z.string(),
  machine: z.string(),
  servers: z.string(),
  tests: z.array(resultSchema),
});

export type Figure = z.output<typeof figureSchema>;
export type TestResult = z.output<typeof resultSchema>;
export type Run = z.output<typeof runSchema>;

/** The part of vitest's JSON report that we read. */
const reportSchema = z.object({
  testResults: z.array(
    z.object({
      assertionResults: z.array(
        z.object({
          fullName: z.string(),
          status: z.string(),
          meta: z.object({ figures: z.record(z.string(), figureSchema).optional() }).default({}),
        }),
      ),
    }),
  ),
});

/** The tests that ran, of vitest's JSON report. */
export function resultsOf(report: string): readonly TestResult[] {
  return reportSchema
    .parse(JSON.parse(report))
    .testResults.flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === 'passed' || status === 'failed')
    .map(({ fullName, status, meta }) => ({
      name: fullName,
      passed: status === 'passed',
      figures: meta.figures ?? {},
    }));
}

/** A run on this machine, today. */
export function newRun(command: string, servers: string, tests: readonly TestResult[]): Run {
  const [cpu] = cpus();
  const machine = `${cpus().length} cores (${cpu?.model.trim()}), ${Math.round(totalmem() / 2 ** 30)} GiB, Node.js ${process.versions.node}`;
  return { command, date: new Date().toISOString().slice(0, 10), machine, servers, tests: [...tests] };
}

/** The name of the run of one fault, such as `fault-07`. */
export function runNameOf({ number }: Scenario): string {
  return `fault-${String(number).padStart(2, '0')}`;
}

/** Keeps a run under its name, in place of the last of that name. */
export async function keepRun(name: string, run: Run): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(run, null, 2)}\n`);
}

/** The runs whose names begin so, in the order of their names. */
export function keptRuns(beginning: string): readonly Run[] {
  if (!existsSync(folder)) {
    return [];
  }
  return readdirSync(folder)
    .filter((file) => file.startsWith(beginning) && file.endsWith('.json'))
    .toSorted()
    .map((file) => runSchema.parse(JSON.parse(readFileSync(join(folder, file), 'utf8'))));
}
