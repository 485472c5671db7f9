import type { Clock } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import { FlightRecorder } from '../explain/flight-recorder.ts';
import { createEventRecorder } from '../kube/events.ts';
import type { EventRecorder, KubeWriter } from '../kube/types.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { assembleReconciler, type ReconcilerAssembly } from './assemble-reconciler.ts';
import { assembleCatalogs, type CatalogAssembly } from './catalogs/assemble-catalogs.ts';
import type { Kubernetes } from './kubernetes.ts';
import type { Leadership } from './leadership.ts';
import { countedWriter } from './publish/counted-writer.ts';
import { EndpointsKeeper } from './publish/endpoints-keeper.ts';
import { ForeignSlices } from './publish/foreign-slices.ts';
import { Publisher } from './publish/publisher.ts';
import { SlicesHandBack } from './publish/slices-hand-back.ts';
import { SlicesKeeper } from './publish/slices-keeper.ts';
import { Strangers } from './publish/strangers.ts';
import { countedQueue } from './queue/counted-queue.ts';
import type { WorkQueue } from './queue/work-queue.ts';
import { Recorder } from './recorder.ts';
import { assembleRegistries, type RegistryAssembly } from './registries/assemble-registries.ts';
import type { OpenRegistries } from './registries/open-registries.ts';
import { connectTriggers } from './triggers.ts';

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
  readonly strangers: Strangers;
  readonly recorder: Recorder;
}

export interface Assembly extends RegistryAssembly, CatalogAssembly, ReconcilerAssembly {
  readonly queue: WorkQueue;
  readonly events: EventRecorder;
  readonly recorder: Recorder;
}

/** Puts the parts of the controller together by hand: who knows of whom stands here and nowhere else. */
export function assemble(config: ControllerConfig, deps: AssemblyDeps): Assembly {
  const { clock, log, metrics, kubernetes } = deps;
  const { client, caches, own, claims } = kubernetes;
  const queue = countedQueue({ kind: 'etcdService', minIntervalMs }, deps);
  const writer = countedWriter(client, metrics);
  const othersWait = (): boolean => queue.isWanted;
  const events = createEventRecorder(client, { clock, log, instance: config.replica, othersWait });
  const recorder = new Recorder({ log, events, metrics });
  const flights = new FlightRecorder({ clock, log, metrics });
  const strangers = new Strangers({ reader: client, clock });
  const publisher = newPublisher(config, { ...deps, writer, strangers, recorder });
  const parts = { ...deps, queue, writer, strangers, recorder, publisher, flights };
  const registries = assembleRegistries(config, parts);
  const catalogs = assembleCatalogs(config, { ...parts, ...registries });
  const { reconciler, explainer } = assembleReconciler(config, { ...parts, ...registries });
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
  return { queue, reconciler, events, recorder, explainer, ...registries, ...catalogs };
}

function newPublisher(
  config: ControllerConfig,
  { clock, kubernetes, writer, strangers, recorder }: PublisherParts,
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
    foreignSlices: new ForeignSlices({
      reader,
      writer,
      removed: (claim, removed) => recorder.foreignSlicesRemoved(claim, removed),
    }),
    handBack: new SlicesHandBack({ slices, clock, notMirrored: (claim) => recorder.notMirrored(claim) }),
    strangers,
    kinds: config.publish,
    servesSlices: kubernetes.servesSlices,
    nodeNames: kubernetes.nodeNames,
    endpointsRemoved: (claim) => recorder.endpointsRemoved(claim),
  });
}
