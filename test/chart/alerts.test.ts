import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { chartFolder } from '../kit/chart.ts';
import { describeNeeding } from '../kit/needs.ts';

const run = promisify(execFile);
const rules = join(chartFolder, 'files/alerts.yaml');

const pod = '{namespace="shop",job="etcd-endpoints",pod="one"}';
const standby = pod.replace('one', 'two');
const registry = pod.replace('pod', 'registry="default",pod');

/** For each alert, series that are well for half an hour and then are not, a value a minute. */
const cases: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  EtcdEndpointsAbsent: { [`etcd_endpoints_build_info${pod}`]: '1x30 _x60' },
  EtcdEndpointsNoLeader: {
    [`etcd_endpoints_leader${pod}`]: '1x30 0x60',
    [`etcd_endpoints_leader${standby}`]: '0x90',
  },
  EtcdEndpointsNotConnected: {
    [`etcd_endpoints_leader${pod}`]: '1x90',
    [`etcd_endpoints_registry_connected${registry}`]: '1x30 0x60',
  },
  EtcdEndpointsChangeUnpublished: {
    [`etcd_endpoints_oldest_unpublished_change_seconds${pod}`]: '5x30 300x60',
  },
  EtcdEndpointsQueueStuck: {
    [`workqueue_longest_running_processor_seconds${pod.replace('pod', 'name="etcdservice",pod')}`]:
      '1x30 300x60',
  },
  EtcdEndpointsNothingPublished: {
    [`etcd_endpoints_leader${pod}`]: '1x90',
    [`etcd_endpoints_registry_keys${registry}`]: '10x90',
    [`etcd_endpoints_endpoints${pod.replace('pod', 'state="ready",pod')}`]: '10x30 0x60',
  },
  EtcdEndpointsRemovalsHeld: { [`etcd_endpoints_endpoints_held${pod}`]: '0x30 12x60' },
  EtcdEndpointsRegistrationsRejected: {
    [`etcd_endpoints_registrations_rejected${pod.replace('pod', 'reason="BadAddress",pod')}`]: '0x30 2x60',
  },
  EtcdEndpointsConflicts: {
    [`etcd_endpoints_writes_total${pod.replace('pod', 'kind="Endpoints",result="conflict",pod')}`]:
      '0x30 0+60x60',
  },
};

/** What promtool is asked: how many alerts of that name fire while all is well, and in the end. */
function unitTest([alert, series]: readonly [string, Readonly<Record<string, string>>]): object {
  const firing = `count(ALERTS{alertname="${alert}",alertstate="firing"})`;
  return {
    name: alert,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      { expr: firing, eval_time: '30m', exp_samples: [] },
      { expr: firing, eval_time: '90m', exp_samples: [{ labels: '{}', value: 1 }] },
    ],
  };
}

/** What promtool says; it fails where promtool does. */
async function promtool(...args: readonly string[]): Promise<string> {
  const { stdout } = await run('promtool', args);
  return stdout;
}

describeNeeding('promtool', 'the alerts of the chart', () => {
  it('are rules that Prometheus takes', async () => {
    expect(await promtool('check', 'rules', rules)).toContain('SUCCESS');
  });

  it('fire each when what it is for goes on, and not before', async () => {
    const [group] = parse(await readFile(rules, 'utf8')).groups;
    expect(Object.keys(cases)).toEqual(group.rules.map(({ alert }: { readonly alert: string }) => alert));
    const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-alerts-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    const path = join(folder, 'tests.yaml');
    // JSON is YAML.
    await writeFile(
      path,
      JSON.stringify({ rule_files: [rules], tests: Object.entries(cases).map(unitTest) }),
    );
    expect(await promtool('test', 'rules', path)).toContain('SUCCESS');
  });
});
