import type { Clock } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import type { KubeWriter } from '../kube/types.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { queueMetrics } from '../telemetry/queue-metrics.ts';
import { countedWriter } from './counted-writer.ts';
import { EndpointsKeeper } from './endpoints-keeper.ts';
import type { Kubernetes } from './kubernetes.ts';
import type { Leadership } from './leadership.ts';
import { Publisher } from './publisher.ts';
import { logFailure } from './queue-log.ts';
import { Reconciler } from './reconciler.ts';
import { Recorder } from './recorder.ts';
import type { Registry } from './registry.ts';
import { ServiceKeeper } from './service-keeper.ts';
import { SlicesHandBack } from './slices-hand-back.ts';
import { SlicesKeeper } from './slices-keeper.ts';
import { StatusWriter } from './status-writer.ts';
import { connectTriggers } from './triggers.ts';
import { WorkQueue } from './work-queue.ts';

/** The least time between two reconciles of one EtcdService: a storm of changes becomes ten writes a second. */
const minIntervalMs = 100;

export interface AssemblyDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly leadership: Leadership;
  readonly kubernetes: Kubernetes;
  readonly registry: Registry;
}

interface PublisherParts extends Pick<AssemblyDeps, 'clock' | 'kubernetes'> {
  readonly writer: KubeWriter;
  readonly recorder: Recorder;
}

export interface Assembly {
  readonly queue: WorkQueue;
  readonly reconciler: Reconciler;
  readonly recorder: Recorder;
}

/** Puts the parts of the controller together by hand: who knows of whom stands here and nowhere else. */
export function assemble(config: ControllerConfig, deps: AssemblyDeps): Assembly {
  const { clock, log, metrics, leadership, kubernetes, registry } = deps;
  const { client, caches, own, claims, events } = kubernetes;
  const queue = newQueue(clock, log, metrics);
  const writer = countedWriter(client, metrics);
  const recorder = new Recorder({ log, events, metrics });
  const reconciler = new Reconciler({
    etcdServices: own.etcdServices,
    claims,
    source: registry.mirror,
    services: new ServiceKeeper({
      services: own.services,
      reader: client,
      writer,
      done: (claim, action) => recorder.serviceWritten(claim, action),
    }),
    publisher: newPublisher(config, { ...deps, writer, recorder }),
    statuses: new StatusWriter({ etcdServices: own.etcdServices, writer, clock }),
    recorder,
    clock,
    allowedPrefixes: config.allowedPrefixes,
    maxValueBytes: config.maxValueBytes,
    leadsSince: () => leadership.since,
    changed: (key, isFirst) => queue.add(key, isFirst ? 'low' : 'high'),
  });
  connectTriggers({
    queue,
    claims,
    etcdServices: caches.etcdServices,
    services: own.services,
    endpoints: own.endpoints,
    slices: own.slices,
    source: registry.mirror,
    nodeNames: kubernetes.nodeNames,
    isStarted: () => kubernetes.whyNotSynced() === undefined,
  });
  return { queue, reconciler, recorder };
}

function newPublisher(
  config: ControllerConfig,
  { clock, kubernetes, writer, recorder }: PublisherParts,
): Publisher {
  const { client: reader, own } = kubernetes;
  const slices = new SlicesKeeper({
    slices: own.slices,
    reader,
    writer,
    maxEndpoints: config.maxEndpointsPerSlice,
  });
  return new Publisher({
    endpoints: new EndpointsKeeper({ endpoints: own.endpoints, reader, writer }),
    slices,
    handBack: new SlicesHandBack({ slices, clock, notMirrored: (claim) => recorder.notMirrored(claim) }),
    kinds: config.publish,
    servesSlices: kubernetes.servesSlices,
    nodeNames: kubernetes.nodeNames,
    endpointsRemoved: (claim) => recorder.endpointsRemoved(claim),
  });
}

function newQueue(clock: Clock, log: Logger, metrics: Metrics): WorkQueue {
  const counted = queueMetrics<string>(metrics, 'etcdservice');
  return new WorkQueue({
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
}
