import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultsIn, scenarios } from '../../test/faults/scenarios.ts';
import { resultsOf } from './results.ts';

const root = join(import.meta.dirname, '../..');

describe('the table of faults', () => {
  it('has every number from 1 to 25 once', () => {
    expect(scenarios.map(({ number }) => number)).toEqual(
      Array.from({ length: 25 }, (_, index) => index + 1),
    );
  });

  it.each(scenarios)('names files with tests of fault $number', async ({ number, files }) => {
    for (const file of files) {
      const source = await readFile(join(root, file), 'utf8');
      expect(faultsIn(source), file).toContain(number);
    }
  });
});

describe('the results of a run', () => {
  it('are the tests that ran, each with what it has measured', () => {
    const figures = { 'left after': { value: 12, unit: 'ms', most: 15 } };
    const assertionResults = [
      { fullName: 'fault 10: is left', status: 'passed', meta: { figures } },
      { fullName: 'fault 3: loses nothing', status: 'failed', meta: {} },
      { fullName: 'not here', status: 'skipped' },
    ];
    expect(resultsOf(JSON.stringify({ testResults: [{ assertionResults }] }))).toEqual([
      { name: 'fault 10: is left', passed: true, figures },
      { name: 'fault 3: loses nothing', passed: false, figures: {} },
    ]);
  });
});
