import { type MetricSpec, metricTable } from '../../src/telemetry/metrics-table.ts';

interface Query {
  readonly expr: string;
  /** The name of each line, such as `{{pod}}`. */
  readonly legend: string;
}

interface Panel {
  readonly title: string;
  readonly unit: 'short' | 's' | 'bool' | 'ops' | 'bytes';
  readonly queries: readonly Query[];
}

const where = '{namespace=~"$namespace"}';
const m = metricTable;

/** A gauge, as its replicas tell it. */
function gauge({ name }: MetricSpec, by: string): string {
  return `max by (${by}) (${name}${where})`;
}

function rate({ name }: MetricSpec, by: string): string {
  return `sum by (${by}) (rate(${name}${where}[$__rate_interval]))`;
}

function quantile(part: number, { name }: MetricSpec): Query {
  const expr = `histogram_quantile(${part}, sum by (le) (rate(${name}_bucket${where}[$__rate_interval])))`;
  return { expr, legend: `${part * 100} %` };
}

/** What to look at first stands first. */
const panels: readonly Panel[] = [
  { title: 'Leader', unit: 'bool', queries: [{ expr: gauge(m.leader, 'pod'), legend: '{{pod}}' }] },
  {
    title: 'Registries that answer',
    unit: 'bool',
    queries: [{ expr: gauge(m.registryConnected, 'registry'), legend: '{{registry}}' }],
  },
  {
    title: 'Age of the oldest change that is not published',
    unit: 's',
    queries: [{ expr: gauge(m.oldestUnpublishedChangeSeconds, 'namespace'), legend: '{{namespace}}' }],
  },
  {
    title: 'From a change in etcd to its write',
    unit: 's',
    queries: [quantile(0.5, m.publishSeconds), quantile(0.99, m.publishSeconds)],
  },
  {
    title: 'Endpoints',
    unit: 'short',
    queries: [{ expr: gauge(m.endpoints, 'state'), legend: '{{state}}' }],
  },
  {
    title: 'Endpoints held by a guard',
    unit: 'short',
    queries: [{ expr: gauge(m.endpointsHeld, 'namespace'), legend: '{{namespace}}' }],
  },
  {
    title: 'Registrations',
    unit: 'short',
    queries: [{ expr: gauge(m.registryKeys, 'registry'), legend: '{{registry}}' }],
  },
  {
    title: 'Registrations that are rejected',
    unit: 'short',
    queries: [{ expr: gauge(m.registrationsRejected, 'reason'), legend: '{{reason}}' }],
  },
  {
    title: 'Removals',
    unit: 'ops',
    queries: [{ expr: rate(m.removals, 'reason'), legend: '{{reason}}' }],
  },
  {
    title: 'Writes to Kubernetes',
    unit: 'ops',
    queries: [
      { expr: rate(m.writes, 'kind, operation, result'), legend: '{{kind}} {{operation}} {{result}}' },
    ],
  },
  {
    title: 'Requests to the apiserver',
    unit: 'ops',
    queries: [{ expr: rate(m.kubeRequests, 'verb, code'), legend: '{{verb}} {{code}}' }],
  },
  {
    title: 'Keys that wait for a worker',
    unit: 'short',
    queries: [{ expr: gauge(m.queueDepth, 'name'), legend: '{{name}}' }],
  },
];

const columns = 2;
const width = 24 / columns;
const height = 7;

function panelJson({ title, unit, queries }: Panel, place: number): object {
  return {
    id: place + 1,
    title,
    type: 'timeseries',
    datasource: { type: 'prometheus', uid: '$datasource' },
    gridPos: {
      x: (place % columns) * width,
      y: Math.floor(place / columns) * height,
      w: width,
      h: height,
    },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: queries.map(({ expr, legend }, index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      expr,
      legendFormat: legend,
    })),
  };
}

/** The Grafana dashboard. Its metrics are those of the table, so none can be misspelt. */
export function dashboardJson(): string {
  const dashboard = {
    uid: 'etcd-endpoints',
    title: 'etcd-endpoints',
    tags: ['etcd-endpoints'],
    schemaVersion: 39,
    editable: true,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', type: 'datasource', query: 'prometheus' },
        {
          name: 'namespace',
          type: 'query',
          datasource: { type: 'prometheus', uid: '$datasource' },
          query: `label_values(${m.leader.name}, namespace)`,
          includeAll: true,
          multi: true,
          current: { text: 'All', value: '$__all' },
        },
      ],
    },
    panels: panels.map(panelJson),
  };
  return `${JSON.stringify(dashboard, undefined, 2)}\n`;
}
