import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { controllerOptions } from '../../src/config/controller-options.ts';
import type { Option } from '../../src/config/option.ts';
import { metricTable } from '../../src/telemetry/metrics-table.ts';
import { valuesSchema } from './schema.ts';
import { valueDocs } from './values-page.ts';

const chart = new URL('../../charts/etcd-endpoints/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, chart), 'utf8');
const valuesYaml = read('values.yaml');
const values = parse(valuesYaml);
const alerts: readonly Alert[] = parse(read('files/alerts.yaml')).groups[0].rules;

interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Which flag stands behind a value whose default the chart repeats. */
const flags: Readonly<Record<string, keyof typeof controllerOptions>> = {
  publish: 'publish',
  maxEndpointsPerSlice: 'max-endpoints-per-slice',
  drainSeconds: 'drain-seconds',
  workers: 'workers',
  'guard.maxRemovalPercent': 'guard-max-removal-percent',
  'guard.ignoreBelow': 'guard-ignore-below',
  'guard.windowSeconds': 'guard-window-seconds',
  'guard.holdSeconds': 'guard-hold-seconds',
  'election.leaseTtl': 'lease-ttl',
  'election.standby': 'standby',
  'log.level': 'log-level',
  'log.format': 'log-format',
};

/** Names in a PromQL expression that can only be metrics of ours; the parts of a histogram count as it. */
function metricsIn(expr: string): readonly string[] {
  const names = expr.match(/\b(etcd_endpoints|workqueue|controller_runtime)_[a-z_]+/g) ?? [];
  return names.map((name) => name.replace(/_(bucket|sum|count)$/, ''));
}

describe('values.yaml', () => {
  it('is what values.schema.json allows, and has each value of it', () => {
    const { global: _, ...known } = valuesSchema.shape;
    expect(valuesSchema.safeParse(values).error?.issues).toBeUndefined();
    expect(Object.keys(values).sort()).toEqual(Object.keys(known).sort());
  });

  it('says of each value what it is', () => {
    expect(valueDocs(valuesYaml).length).toBeGreaterThan(60);
    expect(() => valueDocs('# a\na: 1\nb: 2\n')).toThrow('b has no comment');
  });

  it('has the defaults of the controller', () => {
    const defaults = new Map(valueDocs(valuesYaml).map(({ path, default: value }) => [path, String(value)]));
    for (const [path, flag] of Object.entries(flags)) {
      const option: Option = controllerOptions[flag];
      expect(defaults.get(path), path).toBe(option.default);
    }
  });
});

describe('alerts', () => {
  const known = new Set<string>(Object.values(metricTable).map(({ name }) => name));

  it('ask for metrics that there are', () => {
    expect(alerts.length).toBeGreaterThan(7);
    for (const { alert, expr } of alerts) {
      expect(metricsIn(expr).length, alert).toBeGreaterThan(0);
      expect(
        metricsIn(expr).filter((name) => !known.has(name)),
        alert,
      ).toEqual([]);
    }
  });

  it('are each explained in docs/operations.md, where their runbook_url leads', () => {
    const operations = readFileSync(new URL('../../docs/operations.md', chart), 'utf8');
    for (const { alert, annotations } of alerts) {
      expect(operations).toContain(`\n### ${alert}\n`);
      expect(annotations['runbook_url']).toMatch(new RegExp(`/docs/operations\\.md#${alert.toLowerCase()}$`));
    }
  });
});

describe('the dashboard', () => {
  it('asks for metrics that there are', () => {
    const known = new Set<string>(Object.values(metricTable).map(({ name }) => name));
    const { panels } = JSON.parse(read('files/dashboard.json'));
    const exprs: string[] = panels.flatMap(({ targets }: { targets: readonly { expr: string }[] }) =>
      targets.map(({ expr }) => expr),
    );
    expect(exprs.length).toBeGreaterThan(10);
    expect(exprs.flatMap(metricsIn).filter((name) => !known.has(name))).toEqual([]);
  });
});
