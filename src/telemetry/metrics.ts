import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Cancel } from '../clock.ts';
import { packageVersion } from '../version.ts';
import { type Label, type MetricSpec, metricTable } from './metrics-table.ts';

type LabelValues<Labels> = {
  readonly [Name in keyof Labels]: Labels[Name] extends Label<infer Value> ? Value : never;
};

/** The leading argument of an instrument: its labels, or nothing where it has none. */
type WithLabels<Labels, Rest extends unknown[]> = keyof Labels extends never
  ? Rest
  : [labels: LabelValues<Labels>, ...Rest];

export interface CounterOf<Labels> {
  inc(...args: WithLabels<Labels, [by?: number]>): void;
}

export interface GaugeOf<Labels> {
  set(...args: WithLabels<Labels, [value: number]>): void;
  /** Forgets all values, before they are set anew. */
  reset(): void;
}

export interface HistogramOf<Labels> {
  observe(...args: WithLabels<Labels, [value: number]>): void;
}

type InstrumentOf<Spec extends MetricSpec> = Spec['type'] extends 'counter'
  ? CounterOf<Spec['labels']>
  : Spec['type'] extends 'gauge'
    ? GaugeOf<Spec['labels']>
    : HistogramOf<Spec['labels']>;

/** An instrument for each row of the table, under the row's key: `metrics.writes.inc({ kind: 'Endpoints', … })`. */
export type Instruments = {
  readonly [Key in keyof typeof metricTable]: InstrumentOf<(typeof metricTable)[Key]>;
};

export interface Exposition {
  readonly contentType: string;
  readonly body: string;
}

/** The metrics of one controller, in a registry of their own. */
export type Metrics = Instruments & {
  /** Calls `callback` before each scrape, to set the gauges that are computed then; returns a function that ends it. */
  onScrape(callback: () => void): Cancel;
  /** Everything in Prometheus's text format. */
  expose(): Promise<Exposition>;
};

export interface MetricsOptions {
  /** Adds prom-client's `process_*` and `nodejs_*` metrics, whose observers live as long as the process. */
  readonly processMetrics?: boolean;
}

/**
 * How often the delay of the event loop is measured, in milliseconds; what is told of it is no less. Each time wakes the process: every 10 ms would be most of
 * what an idle controller does.
 */
const loopDelayEveryMs = 20;

export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  if (options.processMetrics === true) {
    collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: loopDelayEveryMs });
  }
  const instruments = Object.fromEntries(
    Object.entries(metricTable).map(([key, spec]) => [key, createInstrument(spec, registry)]),
  ) as unknown as Instruments;
  instruments.buildInfo.set({ version: packageVersion(), node: process.versions.node }, 1);
  const callbacks = new Set<() => void>();
  return {
    ...instruments,
    onScrape(callback) {
      callbacks.add(callback);
      return () => callbacks.delete(callback);
    },
    async expose() {
      for (const callback of callbacks) {
        try {
          callback();
        } catch {
          instruments.scrapeErrors.inc();
        }
      }
      return { contentType: registry.contentType, body: await registry.metrics() };
    },
  };
}

function createInstrument(spec: MetricSpec, registry: Registry): Counter | Gauge | Histogram {
  const common = {
    name: spec.name,
    help: spec.help,
    labelNames: Object.keys(spec.labels),
    registers: [registry],
  };
  switch (spec.type) {
    case 'counter':
      return new Counter(common);
    case 'gauge':
      return new Gauge(common);
    case 'histogram':
      return new Histogram({ ...common, buckets: [...(spec.buckets ?? [])] });
  }
}
