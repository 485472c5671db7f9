import { systemClock } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import { startHealthServer } from '../telemetry/health.ts';
import type { Logger } from '../telemetry/logging.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { queueMetrics } from '../telemetry/queue-metrics.ts';
import { countedWriter } from './counted-writer.ts';
import { EndpointsKeeper } from './endpoints-keeper.ts';
import { openKubernetes } from './kubernetes.ts';
import { logFailure } from './queue-log.ts';
import { Reconciler } from './reconciler.ts';
import { Recorder } from './recorder.ts';
import { openRegistry } from './registry.ts';
import { scrapeController } from './scrape.ts';
import { ServiceKeeper } from './service-keeper.ts';
import { StatusWriter } from './status-writer.ts';
import { connectTriggers } from './triggers.ts';
import { WorkQueue } from './work-queue.ts';

/** The least time between two reconciles of one EtcdService: a storm of changes becomes ten writes a second. */
const minIntervalMs = 100;
/** How long Events that are queued may take at the end. */
const flushMs = 500;

/**
 * Runs one controller until the signal aborts, then drains what is under way and closes every connection. This is where all parts are
 * put together; nothing else knows more than it is handed.
 */
export async function runController(
  config: ControllerConfig,
  signal: AbortSignal,
  { log }: { readonly log: Logger },
): Promise<void> {
  const clock = systemClock;
  const metrics = createMetrics({ processMetrics: true });
  const kubernetes = openKubernetes(config, { clock, log, metrics });
  const health = await startHealthServer({
    ...config.http,
    clock,
    healthy: {},
    ready: { caches: kubernetes.whyNotSynced },
    metrics: () => metrics.expose(),
  });
  log.info({ http: health.address, server: kubernetes.client.server, etcd: config.etcd.hosts }, 'Starting');
  const registry = openRegistry(config, { clock, log, metrics });

  const { client, caches, own, claims, events } = kubernetes;
  const counted = queueMetrics<string>(metrics, 'etcdservice');
  const queue = new WorkQueue({
    clock,
    minIntervalMs,
    observer: {
      ...counted,
      finished(run) {
        counted.finished(run);
        logFailure(log, run);
      },
    },
  });
  const writer = countedWriter(client, metrics);
  const recorder = new Recorder({ log, events, metrics });
  const reconciler = new Reconciler({
    etcdServices: own.etcdServices,
    claims,
    source: registry.mirror,
    services: new ServiceKeeper({
      services: own.services,
      writer,
      done: (claim, action) => recorder.serviceWritten(claim, action),
    }),
    endpoints: new EndpointsKeeper({
      endpoints: own.endpoints,
      reader: client,
      writer,
      servesSlices: kubernetes.servesSlices,
    }),
    statuses: new StatusWriter({ etcdServices: own.etcdServices, writer, clock }),
    recorder,
    clock,
    allowedPrefixes: config.allowedPrefixes,
    maxValueBytes: config.maxValueBytes,
    changed: (key, isFirst) => queue.add(key, isFirst ? 'low' : 'high'),
  });
  connectTriggers({
    queue,
    claims,
    etcdServices: caches.etcdServices,
    services: own.services,
    endpoints: own.endpoints,
    source: registry.mirror,
    isStarted: () => kubernetes.whyNotSynced() === undefined,
  });
  metrics.onScrape(() => scrapeController({ metrics, queue, reconciler, registry, clock }));

  try {
    await kubernetes.start(signal);
    log.info({ workers: config.workers }, 'Started');
    const left = await queue.run(config.workers, (key) => reconciler.reconcile(key), signal);
    if (left.length > 0) log.warn({ etcdServices: left.slice(0, 10) }, 'Stopped before these were done');
  } finally {
    reconciler.close();
    await events.flush(flushMs);
    await registry.close();
    await kubernetes.close();
    await health.close();
  }
}
