import { describe, expect, it } from 'vitest';
import { closingLines, readSummary } from './test-summary.ts';

function summaryOf(tests: Record<string, string>, fileStatus = 'passed'): ReturnType<typeof readSummary> {
  const assertionResults = Object.entries(tests).map(([fullName, status]) => ({ fullName, status }));
  return readSummary(
    JSON.stringify({ testResults: [{ name: 'a.test.ts', status: fileStatus, assertionResults }] }),
  );
}

describe('the summary of a test run', () => {
  it('is one line for machines when all is well', () => {
    expect(closingLines(summaryOf({ a: 'passed', b: 'passed' }))).toEqual(['2 passed, 0 failed']);
  });

  it('counts and names what old servers cannot run', () => {
    const lines = closingLines(summaryOf({ a: 'passed', 'slices [needs discovery.k8s.io/v1] b': 'skipped' }));
    expect(lines).toEqual([
      'Skipped, because the servers found lack discovery.k8s.io/v1:',
      '  - slices [needs discovery.k8s.io/v1] b',
      '1 passed, 0 failed, 1 skipped',
    ]);
  });

  it.each(['skipped', 'todo', 'pending'])(
    'takes a test that is %s for no such reason as failed',
    (status) => {
      const lines = closingLines(summaryOf({ a: 'passed', b: status }));
      expect(lines).toContain('  - b');
      expect(lines.at(-1)).toBe('1 passed, 1 failed');
    },
  );

  it('names what failed', () => {
    expect(closingLines(summaryOf({ a: 'failed' }, 'failed'))).toEqual([
      'Failed:',
      '  - a',
      '0 passed, 1 failed',
    ]);
  });

  it('counts what passed at the second try as passed, names it, and says why the first one failed', () => {
    const test = { fullName: 'a b', status: 'passed', failureMessages: ['Error: too late\n    at b.ts:3'] };
    const file = { name: 'a.test.ts', status: 'passed', assertionResults: [test] };
    expect(closingLines(readSummary(JSON.stringify({ testResults: [file] })))).toEqual([
      'Passed at the second try only, which is a defect of the test or of what it tests:',
      '  - a b: Error: too late',
      '1 passed, 0 failed',
    ]);
  });

  it('counts a file that could not be loaded', () => {
    expect(closingLines(summaryOf({}, 'failed')).at(-1)).toBe('0 passed, 1 failed');
  });
});
