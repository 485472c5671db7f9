import type { EtcdService } from '../api/etcd-service.ts';
import type { Clock } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import { FlightRecorder } from '../explain/flight-recorder.ts';
import { type KubeWriter, type ObjectKey, objectKey } from '../kube/types.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { assembleRegistries, type RegistryAssembly } from './assemble-registries.ts';
import { assembleCatalogs, type CatalogAssembly } from './catalogs/assemble-catalogs.ts';
import { countedQueue } from './counted-queue.ts';
import { countedWriter } from './counted-writer.ts';
import { Decider } from './deciding.ts';
import { EndpointsKeeper } from './endpoints-keeper.ts';
import { Explainer } from './explainer.ts';
import type { GuardedObject } from './guard-types.ts';
import { Guards } from './guards.ts';
import { HeldProbes } from './held-probes.ts';
import { shownHold } from './hold-findings.ts';
import type { Kubernetes } from './kubernetes.ts';
import type { Leadership } from './leadership.ts';
import type { OpenRegistries } from './open-registries.ts';
import { Preparer } from './preparing.ts';
import { Publisher } from './publisher.ts';
import { Publishing } from './publishing.ts';
import { Reconciler } from './reconciler.ts';
import { Recorder } from './recorder.ts';
import type { Leases } from './registries.ts';
import { Reporter } from './reporting.ts';
import { ServiceKeeper } from './service-keeper.ts';
import { SlicesHandBack } from './slices-hand-back.ts';
import { SlicesKeeper } from './slices-keeper.ts';
import { StatusWriter } from './status-writer.ts';
import { TrackedServices } from './tracked.ts';
import { connectTriggers } from './triggers.ts';
import type { WorkQueue } from './work-queue.ts';

/** Of one EtcdService: a storm of changes becomes ten writes a second. */
const minIntervalMs = 100;

export interface AssemblyDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly leadership: Leadership;
  readonly kubernetes: Kubernetes;
  readonly registries: OpenRegistries;
}

interface PublisherParts extends Pick<AssemblyDeps, 'clock' | 'kubernetes'> {
  readonly writer: KubeWriter;
  readonly recorder: Recorder;
}

export interface Assembly extends RegistryAssembly, CatalogAssembly {
  readonly queue: WorkQueue;
  readonly reconciler: Reconciler;
  readonly recorder: Recorder;
  readonly explainer: Explainer;
}

/** Puts the parts of the controller together by hand: who knows of whom stands here and nowhere else. */
export function assemble(config: ControllerConfig, deps: AssemblyDeps): Assembly {
  const { clock, log, metrics, kubernetes } = deps;
  const { client, caches, own, claims, events } = kubernetes;
  const queue = countedQueue({ kind: 'etcdService', minIntervalMs }, deps);
  const writer = countedWriter(client, metrics);
  const recorder = new Recorder({ log, events, metrics });
  const flights = new FlightRecorder({ clock, log, metrics });
  const publisher = newPublisher(config, { ...deps, writer, recorder });
  const parts = { ...deps, queue, writer, recorder, publisher, flights };
  const registries = assembleRegistries(config, parts);
  const catalogs = assembleCatalogs(config, { ...parts, ...registries });
  const { reconciler, explainer } = newReconciler(config, { ...parts, ...registries });
  connectTriggers({
    queue,
    claims,
    etcdServices: caches.etcdServices,
    services: own.services,
    endpoints: own.endpoints,
    slices: own.slices,
    nodeNames: kubernetes.nodeNames,
    isStarted: () => kubernetes.whyNotSynced() === undefined,
  });
  return { queue, reconciler, recorder, explainer, ...registries, ...catalogs };
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

interface ReconcilerParts extends AssemblyDeps, RegistryAssembly {
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
  const { clock, leadership, kubernetes, registries, queue, writer, recorder, publisher, flights } = parts;
  const { registryUses, servicesOf } = parts;
  const { client, own, claims } = kubernetes;
  const lookAgain = (key: ObjectKey): void => queue.add(key);
  const leadsSince = (): number => leadership.since;
  const leasesOf = (registry: string): Leases => registryUses.leasesOf(registry);
  const guards = new Guards({
    limitsOf: (registry) => registryUses.guardOf(registry),
    connectionOf: (registry) => registries.pool.get(registry)?.mirror.connection,
    leasesOf,
    services: (registry) => shownHolds(servicesOf(registry)),
    clock,
    random: Math.random,
    changed: lookAgain,
  });
  const probes = new HeldProbes({ clock, found: lookAgain });
  const reporter = new Reporter({
    etcdServices: own.etcdServices,
    statuses: new StatusWriter({ etcdServices: own.etcdServices, writer, clock }),
    recorder,
    clock,
    isNews: (object, hold) => guards.of(object).isNews(hold),
  });
  const tracked = new TrackedServices({
    clock,
    forgotten(key) {
      guards.forget(key);
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
    registries: registryUses,
    maxValueBytes: config.maxValueBytes,
    leadsSince,
    changed({ key, published }) {
      guards.touch(key);
      queue.add(key, published === undefined ? 'low' : 'high');
    },
    departed: ({ key }, endpoint, left) => flights.left(key, endpoint, left),
    clock,
  });
  const { drainMs, staleMs } = config;
  const decider = new Decider({ guards, publisher, probes, reporter, flights, clock, drainMs, leadsSince });
  const publishing = new Publishing({
    preparer,
    decider,
    services,
    publisher,
    recorder,
    flights,
    leasesOf,
    clock,
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
    leasesOf,
    clock,
  });
  const reconciler = new Reconciler({
    etcdService,
    tracked,
    preparer,
    publishing,
    guards,
    probes,
    reporter,
    connection: (registry) => registries.pool.get(registry)?.mirror.connection,
    clock,
    leadsSince,
  });
  return { reconciler, explainer };
}

function* shownHolds(objects: Iterable<EtcdService>): Iterable<GuardedObject> {
  for (const object of objects) {
    yield { key: objectKey(object.metadata), shown: shownHold(object) };
  }
}
