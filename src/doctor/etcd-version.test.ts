import { describe, expect, it } from 'vitest';
import { versionFinding } from './etcd-version.ts';

describe('the version of an etcd', () => {
  it.each([
    ['3.3.27', 'problem', 'upgrade to 3.6.14'],
    ['3.4.30', 'warning', 'upgrade to 3.5.33'],
    ['3.5.22', 'warning', 'upgrade to 3.5.33'],
    ['3.5.23', 'warning', 'upgrade to 3.5.33'],
    ['3.5.33', 'ok', undefined],
    ['3.6.4', 'warning', 'upgrade to 3.6.14'],
    ['3.6.14', 'ok', undefined],
    ['3.7.0', 'ok', undefined],
    ['4.0.0', 'ok', undefined],
    ['nonsense', 'problem', 'upgrade to 3.6.14'],
  ])('%s is: %s', (version, outcome, action) => {
    const finding = versionFinding('a:2379', version);
    expect(finding.outcome).toBe(outcome);
    expect(finding.action).toBe(action);
  });

  it('with faults that lose changes is told from one that only shows too much', () => {
    expect(versionFinding('a:2379', '3.5.22').message).toContain('can lose or delay changes');
    expect(versionFinding('a:2379', '3.5.23').message).toContain('may not read');
  });
});
