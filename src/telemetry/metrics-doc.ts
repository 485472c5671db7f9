import { type MetricSpec, metricTable } from './metrics-table.ts';

/** docs/reference/metrics.md. */
export function metricsDoc(): string {
  const rows = Object.values(metricTable).map(row);
  return `# Metrics

Served at \`/metrics\` of \`--http-address\` in Prometheus's text format. The names that begin with \`controller_runtime_\` and \`workqueue_\` are
those of controllers written in Go, so that dashboards for them work; \`process_*\` and \`nodejs_*\` are those of
[prom-client](https://github.com/siimon/prom-client#default-metrics).

| Metric | Type | Labels | Meaning |
|---|---|---|---|
${rows.join('\n')}
`;
}

function row(spec: MetricSpec): string {
  const labels = Object.entries(spec.labels).map(([name, { doc }]) => `\`${name}\`: ${doc}`);
  return `| \`${spec.name}\` | ${spec.type} | ${labels.join('; ')} | ${spec.help} |`;
}
