import { type EtcdService, observes } from '../api/etcd-service.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import type { Connection } from '../etcd/types.ts';
import type { FlightRecorder } from '../explain/flight-recorder.ts';
import { type KubeWriter, type ObjectKey, objectKey } from '../kube/types.ts';
import type { AssemblyDeps } from './assemble.ts';
import { Explainer } from './explainer.ts';
import { Decider } from './guard/deciding.ts';
import type { GuardedObject } from './guard/guard-types.ts';
import { Guards } from './guard/guards.ts';
import { HeldProbes } from './guard/held-probes.ts';
import { shownHold } from './guard/hold-findings.ts';
import { Observer } from './observe/observer.ts';
import { Observing } from './observe/observing.ts';
import { resolveName } from './observe/resolve-name.ts';
import { Preparer } from './preparing.ts';
import type { Publisher } from './publish/publisher.ts';
import { ServiceKeeper } from './publish/service-keeper.ts';
import type { Strangers } from './publish/strangers.ts';
import { Publishing } from './publishing.ts';
import type { WorkQueue } from './queue/work-queue.ts';
import { Reconciler } from './reconciler.ts';
import type { Recorder } from './recorder.ts';
import type { RegistryAssembly } from './registries/assemble-registries.ts';
import type { Leases } from './registries/registries.ts';
import { FirstStatuses } from './status/first-statuses.ts';
import { Reporter } from './status/reporting.ts';
import { StatusWriter } from './status/status-writer.ts';
import { TrackedServices } from './tracked.ts';

export interface ReconcilerParts extends AssemblyDeps, RegistryAssembly {
  /** Of EtcdServices. */
  readonly queue: WorkQueue;
  readonly writer: KubeWriter;
  readonly strangers: Strangers;
  readonly recorder: Recorder;
  readonly publisher: Publisher;
  readonly flights: FlightRecorder;
}

export interface ReconcilerAssembly {
  readonly reconciler: Reconciler;
  readonly explainer: Explainer;
}

/** Puts together what works on EtcdServices. */
export function assembleReconciler(config: ControllerConfig, parts: ReconcilerParts): ReconcilerAssembly {
  const { clock, leadership, queue, recorder, publisher, flights } = parts;
  const look = lookups(parts);
  const { leadsSince, leasesOf, etcdService } = look;
  const guards = newGuards(parts, look);
  const probes = new HeldProbes({ clock, found: (key) => queue.add(key) });
  const reporter = newReporter(parts, guards);
  const services = newServiceKeeper(parts);
  const observer = newObserver(parts, services);
  const tracked = newTracked(parts, [guards, probes, reporter, flights, observer]);
  const preparer = newPreparer(config, parts, { guards, services, leadsSince });
  const { drainMs, staleMs, replica } = config;
  const decider = new Decider({ guards, publisher, probes, reporter, flights, clock, drainMs, leadsSince });
  const observing = new Observing({ observer, recorder });
  const firstStatuses = new FirstStatuses({
    clock,
    othersWait: () => queue.isWanted,
    comeLast: (key) => queue.add(key, 'last'),
  });
  const publishing = new Publishing({
    preparer,
    decider,
    observing,
    services,
    publisher,
    recorder,
    flights,
    leasesOf,
    clock,
    staleMs,
    leadsSince,
  });
  return {
    reconciler: new Reconciler({
      etcdService,
      tracked,
      preparer,
      publishing,
      observing,
      guards,
      probes,
      reporter,
      connection: look.connectionOf,
      firstStatuses,
      clock,
      leadsSince,
    }),
    explainer: new Explainer({
      replica,
      leadership,
      etcdService,
      tracked,
      preparer,
      publisher,
      flights,
      leasesOf,
      clock,
    }),
  };
}

/** What several parts ask for, each answered as of now. */
interface Lookups {
  readonly etcdService: (key: ObjectKey) => EtcdService | undefined;
  readonly leasesOf: (registry: string) => Leases;
  /** Whether a registry answers; undefined where none of that name is followed. */
  readonly connectionOf: (registry: string) => Connection | undefined;
  /** Monotonic milliseconds at which the last term began. */
  readonly leadsSince: () => number;
}

function lookups({ kubernetes, registries, registryUses, leadership }: ReconcilerParts): Lookups {
  return {
    etcdService: (key) => kubernetes.own.etcdServices.get(key),
    leasesOf: (registry) => registryUses.leasesOf(registry),
    connectionOf: (registry) => registries.pool.get(registry)?.mirror.connection,
    leadsSince: () => leadership.since,
  };
}

function newGuards(
  { queue, clock, registryUses, servicesOf }: ReconcilerParts,
  { leasesOf, connectionOf }: Lookups,
): Guards {
  return new Guards({
    limitsOf: (registry) => registryUses.guardOf(registry),
    connectionOf,
    leasesOf,
    services: (registry) => shownHolds(servicesOf(registry)),
    clock,
    random: Math.random,
    changed: (key) => queue.add(key),
  });
}

function newReporter({ kubernetes, writer, recorder, clock }: ReconcilerParts, guards: Guards): Reporter {
  const { etcdServices } = kubernetes.own;
  return new Reporter({
    etcdServices,
    statuses: new StatusWriter({ etcdServices, writer, clock }),
    recorder,
    clock,
    isNews: (object, hold) => guards.of(object).isNews(hold),
  });
}

/** What is known of an EtcdService is forgotten with it, by everybody. */
function newTracked(
  { clock }: ReconcilerParts,
  knowing: readonly { forget(key: ObjectKey): void }[],
): TrackedServices {
  return new TrackedServices({
    clock,
    forgotten(key) {
      for (const one of knowing) {
        one.forget(key);
      }
    },
  });
}

function newServiceKeeper({ kubernetes, writer, strangers, recorder }: ReconcilerParts): ServiceKeeper {
  return new ServiceKeeper({
    services: kubernetes.own.services,
    reader: kubernetes.client,
    writer,
    strangers,
    done: (claim, action) => recorder.serviceWritten(claim, action),
  });
}

function newObserver({ kubernetes, clock }: ReconcilerParts, services: ServiceKeeper): Observer {
  const { client: reader, servesSlices } = kubernetes;
  return new Observer({ services, reader, servesSlices, resolve: (name) => resolveName(clock, name), clock });
}

interface PreparerParts extends Pick<Lookups, 'leadsSince'> {
  readonly guards: Guards;
  readonly services: ServiceKeeper;
}

/** What has never been published waits for what has been. */
function newPreparer(
  { maxValueBytes }: ControllerConfig,
  { kubernetes, registryUses, queue, flights, clock }: ReconcilerParts,
  { guards, services, leadsSince }: PreparerParts,
): Preparer {
  return new Preparer({
    claims: kubernetes.claims,
    services,
    registries: registryUses,
    maxValueBytes,
    leadsSince,
    changed({ key, published }) {
      guards.touch(key);
      queue.add(key, published === undefined ? 'low' : 'high');
    },
    departed: ({ key }, endpoint, left) => flights.left(key, endpoint, left),
    clock,
  });
}

function* shownHolds(objects: Iterable<EtcdService>): Iterable<GuardedObject> {
  for (const object of objects) {
    // What is only observed is neither missed nor waited for.
    if (!observes(object)) {
      yield { key: objectKey(object.metadata), shown: shownHold(object) };
    }
  }
}
