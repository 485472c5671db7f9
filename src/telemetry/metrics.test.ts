import { describe, expect, it } from 'vitest';
import { countCall, registryMetrics } from './edge-metrics.ts';
import { createMetrics, type Metrics } from './metrics.ts';
import { type MetricSpec, metricTable } from './metrics-table.ts';
import { queueMetrics, setQueueGauges } from './queue-metrics.ts';

const specs: readonly MetricSpec[] = Object.values(metricTable);

/** Samples by name and labels, as a scrape shows them. */
async function scrape(metrics: Metrics): Promise<Map<string, number>> {
  const { body } = await metrics.expose();
  const samples = body.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return new Map(
    samples.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
  );
}

describe('the table of metrics', () => {
  it('has names that Prometheus takes, each once, with the endings that its users expect', () => {
    const names = specs.map((spec) => spec.name);
    expect(new Set(names).size).toBe(names.length);
    for (const spec of specs) {
      expect(spec.name).toMatch(/^(controller_runtime|workqueue|etcd_endpoints)_[a-z_]+$/);
      expect(spec.name.endsWith('_total')).toBe(spec.type === 'counter');
      expect(spec.buckets !== undefined).toBe(spec.type === 'histogram');
      expect(spec.help).toMatch(/\.$/);
    }
  });

  it('becomes a series, a type and a help for each row', async () => {
    const { body, contentType } = await createMetrics().expose();
    expect(contentType).toContain('text/plain');
    for (const spec of specs) {
      expect(body).toContain(`# HELP ${spec.name} `);
      expect(body).toContain(`# TYPE ${spec.name} ${spec.type}\n`);
    }
  });

  it('gives each controller its own values', async () => {
    const [one, other] = [createMetrics(), createMetrics()];
    one.registryEvents.inc({ registry: 'default' }, 3);
    const sample = 'etcd_endpoints_registry_events_total{registry="default"}';
    expect([(await scrape(one)).get(sample), (await scrape(other)).get(sample)]).toEqual([3, undefined]);
  });

  it('says which build is running', async () => {
    const { body } = await createMetrics().expose();
    expect(body).toMatch(/etcd_endpoints_build_info\{version="\d+\.\d+\.\d+",node="\d+\.\d+\.\d+"\} 1/);
  });
});

describe('a scrape', () => {
  it('computes what was asked for at that time, until that is ended', async () => {
    const metrics = createMetrics();
    let age = 5;
    const end = metrics.onScrape(() => metrics.oldestUnpublishedChangeSeconds.set(age));
    const sample = 'etcd_endpoints_oldest_unpublished_change_seconds';
    expect((await scrape(metrics)).get(sample)).toBe(5);
    age = 7;
    expect((await scrape(metrics)).get(sample)).toBe(7);
    end();
    age = 9;
    expect((await scrape(metrics)).get(sample)).toBe(7);
  });

  it('shows everything else when one value cannot be computed, and counts that', async () => {
    const metrics = createMetrics();
    metrics.onScrape(() => {
      throw new Error('broken');
    });
    metrics.onScrape(() => metrics.registryKeys.set({ registry: 'default' }, 12));
    const samples = await scrape(metrics);
    expect(samples.get('etcd_endpoints_registry_keys{registry="default"}')).toBe(12);
    expect(samples.get('etcd_endpoints_scrape_errors_total')).toBe(1);
  });

  it('holds the metrics of the process where they are wanted', async () => {
    const { body } = await createMetrics({ processMetrics: true }).expose();
    expect(body).toContain('nodejs_eventloop_lag_seconds');
    expect(body).toContain('process_resident_memory_bytes');
  });
});

describe('the metrics of a queue', () => {
  it('count runs by how they ended, under the names of controller-runtime', async () => {
    const metrics = createMetrics();
    const observer = queueMetrics<string>(metrics, 'etcdservice');
    const run = { key: 'shop/web', durationMs: 20, failures: 0 };
    observer.added();
    observer.started(3);
    observer.finished({ ...run, result: 'success' });
    observer.finished({ ...run, result: 'requeue_after' });
    observer.finished({ ...run, result: 'error', retryInMs: 5 });
    observer.finished({ ...run, result: 'terminal' });
    observer.finished({ ...run, result: 'panic', retryInMs: 5 });
    const samples = await scrape(metrics);
    const total = (result: string): number | undefined =>
      samples.get(`controller_runtime_reconcile_total{controller="etcdservice",result="${result}"}`);
    expect([total('success'), total('requeue_after'), total('error')]).toEqual([1, 1, 3]);
    expect(samples.get('controller_runtime_reconcile_errors_total{controller="etcdservice"}')).toBe(3);
    expect(samples.get('controller_runtime_terminal_reconcile_errors_total{controller="etcdservice"}')).toBe(
      1,
    );
    expect(samples.get('controller_runtime_reconcile_panics_total{controller="etcdservice"}')).toBe(1);
    expect(samples.get('controller_runtime_reconcile_time_seconds_count{controller="etcdservice"}')).toBe(5);
    expect(samples.get('workqueue_work_duration_seconds_sum{name="etcdservice"}')).toBeCloseTo(0.1);
    expect(samples.get('workqueue_queue_duration_seconds_sum{name="etcdservice"}')).toBeCloseTo(0.003);
    expect(samples.get('workqueue_adds_total{name="etcdservice"}')).toBe(1);
    expect(samples.get('workqueue_retries_total{name="etcdservice"}')).toBe(2);
  });

  it('show what stands now', async () => {
    const metrics = createMetrics();
    setQueueGauges(metrics, 'etcdservice', {
      workers: 8,
      waiting: 3,
      delayed: 1,
      running: 2,
      unfinishedMs: 700,
      longestRunningMs: 500,
    });
    const samples = await scrape(metrics);
    expect(samples.get('workqueue_depth{name="etcdservice"}')).toBe(3);
    expect(samples.get('workqueue_unfinished_work_seconds{name="etcdservice"}')).toBe(0.7);
    expect(samples.get('workqueue_longest_running_processor_seconds{name="etcdservice"}')).toBe(0.5);
    expect(samples.get('controller_runtime_active_workers{controller="etcdservice"}')).toBe(2);
    expect(samples.get('controller_runtime_max_concurrent_reconciles{controller="etcdservice"}')).toBe(8);
  });
});

describe('the metrics of the edges', () => {
  it('count calls to the apiserver, and time those that have an end of their own', async () => {
    const metrics = createMetrics();
    countCall(metrics, { verb: 'update', resource: 'endpoints', status: 409, durationMs: 4 });
    countCall(metrics, { verb: 'watch', resource: 'endpoints', status: 0, durationMs: 300_000 });
    const samples = await scrape(metrics);
    const requests = 'etcd_endpoints_kube_requests_total';
    expect(samples.get(`${requests}{verb="update",resource="endpoints",code="409"}`)).toBe(1);
    expect(samples.get(`${requests}{verb="watch",resource="endpoints",code="0"}`)).toBe(1);
    const seconds = 'etcd_endpoints_kube_request_seconds_count';
    expect(samples.get(`${seconds}{verb="update",resource="endpoints"}`)).toBe(1);
    expect(samples.get(`${seconds}{verb="watch",resource="endpoints"}`)).toBeUndefined();
  });

  it('count what the mirror does by registry', async () => {
    const metrics = createMetrics();
    const observer = registryMetrics(metrics, 'default');
    const range = { start: 'a', end: 'b' } as never;
    observer.listed?.({ range, reason: 'compacted', keys: 2, bytes: 10, durationMs: 1 });
    observer.events?.(7);
    observer.reconnected?.();
    observer.driftFound?.(range, 2);
    const samples = await scrape(metrics);
    expect(samples.get('etcd_endpoints_registry_lists_total{registry="default",reason="compacted"}')).toBe(1);
    expect(samples.get('etcd_endpoints_registry_events_total{registry="default"}')).toBe(7);
    expect(samples.get('etcd_endpoints_registry_reconnects_total{registry="default"}')).toBe(1);
    expect(samples.get('etcd_endpoints_registry_drift_total{registry="default"}')).toBe(2);
  });
});
