import type { EtcdService } from '../api/etcd-service.ts';
import type { Clock } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import type { Connection } from '../etcd/types.ts';
import { FlightRecorder } from '../explain/flight-recorder.ts';
import { type KubeWriter, type ObjectKey, objectKey } from '../kube/types.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { queueMetrics } from '../telemetry/queue-metrics.ts';
import { countedWriter } from './counted-writer.ts';
import { Decider } from './deciding.ts';
import { EndpointsKeeper } from './endpoints-keeper.ts';
import { Explainer } from './explainer.ts';
import type { GuardedObject } from './guard-types.ts';
import { HeldProbes } from './held-probes.ts';
import { shownHold } from './hold-findings.ts';
import type { Kubernetes } from './kubernetes.ts';
import type { Leadership } from './leadership.ts';
import { Preparer } from './preparing.ts';
import { Publisher } from './publisher.ts';
import { Publishing } from './publishing.ts';
import { logFailure } from './queue-log.ts';
import { Reconciler } from './reconciler.ts';
import { Recorder } from './recorder.ts';
import type { Registry } from './registry.ts';
import { RegistryGuard } from './registry-guard.ts';
import { Reporter } from './reporting.ts';
import { ServiceKeeper } from './service-keeper.ts';
import { SlicesHandBack } from './slices-hand-back.ts';
import { SlicesKeeper } from './slices-keeper.ts';
import { StatusWriter } from './status-writer.ts';
import { TrackedServices } from './tracked.ts';
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
  readonly explainer: Explainer;
}

/** Puts the parts of the controller together by hand: who knows of whom stands here and nowhere else. */
export function assemble(config: ControllerConfig, deps: AssemblyDeps): Assembly {
  const { clock, log, metrics, kubernetes, registry } = deps;
  const { client, caches, own, claims, events } = kubernetes;
  const queue = newQueue(clock, log, metrics);
  const writer = countedWriter(client, metrics);
  const recorder = new Recorder({ log, events, metrics });
  const flights = new FlightRecorder({ clock, log, metrics });
  const publisher = newPublisher(config, { ...deps, writer, recorder });
  const { reconciler, explainer } = newReconciler(config, {
    ...deps,
    queue,
    writer,
    recorder,
    publisher,
    flights,
  });
  connectTriggers({
    queue,
    claims,
    etcdServices: caches.etcdServices,
    services: own.services,
    endpoints: own.endpoints,
    slices: own.slices,
    source: registry.mirror,
    staleMs: config.staleMs,
    nodeNames: kubernetes.nodeNames,
    isStarted: () => kubernetes.whyNotSynced() === undefined,
  });
  return { queue, reconciler, recorder, explainer };
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

interface ReconcilerParts extends AssemblyDeps {
  readonly queue: WorkQueue;
  readonly writer: KubeWriter;
  readonly recorder: Recorder;
  readonly publisher: Publisher;
  readonly flights: FlightRecorder;
}

function newReconciler(
  config: ControllerConfig,
  parts: ReconcilerParts,
): Pick<Assembly, 'reconciler' | 'explainer'> {
  const { clock, leadership, kubernetes, registry, queue, writer, recorder, publisher, flights } = parts;
  const { client, caches, own, claims } = kubernetes;
  const lookAgain = (key: ObjectKey): void => queue.add(key);
  const leadsSince = (): number => leadership.since;
  const connection = (): Connection => registry.mirror.connection;
  const guard = new RegistryGuard({
    source: registry.mirror,
    limits: config.guard,
    clock,
    random: Math.random,
    services: () => shownHolds(caches.etcdServices.list()),
    changed: lookAgain,
  });
  const probes = new HeldProbes({ clock, found: lookAgain });
  const reporter = new Reporter({
    etcdServices: own.etcdServices,
    statuses: new StatusWriter({ etcdServices: own.etcdServices, writer, clock }),
    recorder,
    clock,
    isNews: (hold) => guard.isNews(hold),
  });
  const tracked = new TrackedServices({
    clock,
    forgotten(key) {
      guard.leaveOut(key);
      probes.forget(key);
      reporter.forget(key);
      flights.forget(key);
    },
  });
  const services = new ServiceKeeper({
    services: own.services,
    reader: client,
    writer,
    done: (claim, action) => recorder.serviceWritten(claim, action),
  });
  const preparer = new Preparer({
    claims,
    services,
    source: registry.mirror,
    allowedPrefixes: config.allowedPrefixes,
    maxValueBytes: config.maxValueBytes,
    leadsSince,
    changed({ key, published }) {
      guard.touch(key);
      queue.add(key, published === undefined ? 'low' : 'high');
    },
    departed: ({ key }, endpoint, left) => flights.left(key, endpoint, left),
    clock,
  });
  const { drainMs, staleMs } = config;
  const decider = new Decider({ guard, publisher, probes, reporter, flights, clock, drainMs, leadsSince });
  const publishing = new Publishing({
    preparer,
    decider,
    services,
    publisher,
    recorder,
    flights,
    leases: registry.mirror,
    clock,
    connection,
    staleMs,
    leadsSince,
  });
  const etcdService = (key: ObjectKey): EtcdService | undefined => own.etcdServices.get(key);
  const explainer = new Explainer({
    replica: config.replica,
    leadership,
    etcdService,
    tracked,
    preparer,
    publisher,
    flights,
    leases: registry.mirror,
    clock,
  });
  const reconciler = new Reconciler({
    etcdService,
    tracked,
    preparer,
    publishing,
    guard,
    probes,
    reporter,
    clock,
    connection,
    leadsSince,
  });
  return { reconciler, explainer };
}

function* shownHolds(objects: Iterable<EtcdService>): Iterable<GuardedObject> {
  for (const object of objects) {
    yield { key: objectKey(object.metadata), shown: shownHold(object) };
  }
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
