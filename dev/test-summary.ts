import { z } from 'zod';

/** What a run of the tests came to. */
export interface Summary {
  readonly passed: number;
  /** Names of the tests that failed, and of files that could not be loaded. */
  readonly failed: readonly string[];
  /** Tests that passed at their second try only, by why the first one failed: they count as passed, and are named. */
  readonly retried: ReadonlyMap<string, string>;
  /** Tests skipped because the servers found lack something, by what they need. */
  readonly needs: ReadonlyMap<string, readonly string[]>;
  /** Tests that did not run for any other reason: never allowed. */
  readonly illegal: readonly string[];
}

/** The part of vitest's JSON report that we read. */
const reportSchema = z.object({
  testResults: z.array(
    z.object({
      name: z.string(),
      status: z.string(),
      assertionResults: z.array(
        // The messages of every try that failed, also where a later one passed.
        z.object({
          fullName: z.string(),
          status: z.string(),
          failureMessages: z.array(z.string()).default([]),
        }),
      ),
    }),
  ),
});

/** How a title of test/kit/needs.ts says what its tests need. */
const NEED = /\[needs ([^\]]+)\]/;

/** Reads vitest's JSON report. */
export function readSummary(json: string): Summary {
  const { testResults } = reportSchema.parse(JSON.parse(json));
  const broken = testResults
    .filter(({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0)
    .map(({ name }) => name);
  const tests = testResults.flatMap(({ assertionResults }) => assertionResults);
  const namesOf = (wanted: (status: string) => boolean): string[] =>
    tests.filter(({ status }) => wanted(status)).map(({ fullName }) => fullName);
  const notRun = namesOf((status) => status !== 'passed' && status !== 'failed');
  return {
    passed: namesOf((status) => status === 'passed').length,
    failed: [...broken, ...namesOf((status) => status === 'failed')],
    retried: new Map(
      tests.flatMap(({ fullName, status, failureMessages: [first] }) =>
        status === 'passed' && first !== undefined ? [[fullName, firstLine(first)]] : [],
      ),
    ),
    needs: Map.groupBy(
      notRun.filter((name) => NEED.test(name)),
      (name) => NEED.exec(name)?.[1] ?? '',
    ),
    illegal: notRun.filter((name) => !NEED.test(name)),
  };
}

/** The lines that close a run; the last one is for machines. A test that may not be skipped counts as failed. */
export function closingLines({ passed, failed, retried, needs, illegal }: Summary): string[] {
  const lines = [
    ...[...needs].flatMap(([need, names]) => [
      `Skipped, because the servers found lack ${need}:`,
      ...names.map((name) => `  - ${name}`),
    ]),
    ...listed(
      'Passed at the second try only, which is a defect of the test or of what it tests:',
      Array.from(retried, ([name, reason]) => `${name}: ${reason}`),
    ),
    ...listed('Not run, though only tests that need newer servers may be skipped:', illegal),
    ...listed('Failed:', failed),
  ];
  const skipped = [...needs.values()].flat().length;
  const counts = [`${passed} passed`, `${failed.length + illegal.length} failed`];
  return [...lines, [...counts, ...(skipped > 0 ? [`${skipped} skipped`] : [])].join(', ')];
}

function listed(heading: string, names: readonly string[]): string[] {
  return names.length === 0 ? [] : [heading, ...names.map((name) => `  - ${name}`)];
}

function firstLine(text: string): string {
  return text.split('\n', 1)[0] ?? '';
}
