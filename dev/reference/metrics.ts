import { type MetricSpec, metricTable } from '../../src/telemetry/metrics-table.ts';
import { page, table } from './markdown.ts';

export function metricsPage(): string {
  return page(
    'Metrics',
    "Served at `/metrics` of `--http-address` in Prometheus's text format. The names that begin with `controller_runtime_` and `workqueue_` are those of controllers written in Go, so that dashboards for them work; `process_*` and `nodejs_*` are [those of prom-client](https://github.com/siimon/prom-client#default-metrics).",
    table(['Metric', 'Type', 'Labels', 'Meaning'], Object.values(metricTable).map(row)),
  );
}

function row(spec: MetricSpec): string[] {
  const labels = Object.entries(spec.labels).map(([name, { doc }]) => `\`${name}\`: ${doc}`);
  return [`\`${spec.name}\``, spec.type, labels.join('; '), spec.help];
}
