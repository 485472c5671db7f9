import { type EtcdService, etcdServiceResource } from '../api/etcd-service.ts';
import type { Clock } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import { labels } from '../endpoints/labels.ts';
import { messageOf } from '../errors.ts';
import { createCache } from '../kube/cache.ts';
import { createKubeClient } from '../kube/client.ts';
import { createEventRecorder } from '../kube/events.ts';
import { ENDPOINT_SLICES, ENDPOINTS, type Endpoints, SERVICES, type Service } from '../kube/resources.ts';
import type { EventRecorder, KubeClient, KubeObject, WatchedCache } from '../kube/types.ts';
import { countCall } from '../telemetry/edge-metrics.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { Claims } from './claims.ts';
import type { Leadership } from './leadership.ts';
import { OwnWrites } from './own-writes.ts';
import { userAgentOf } from './user-agent.ts';

/** How often it is said what the start waits for. */
const waitingLoggedMs = 15_000;

/** The controller's side of Kubernetes: one client, its caches and what is built on them. */
export interface Kubernetes {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly caches: { readonly etcdServices: WatchedCache<EtcdService> };
  readonly own: {
    readonly etcdServices: OwnWrites<EtcdService>;
    readonly services: OwnWrites<Service>;
    readonly endpoints: OwnWrites<Endpoints>;
  };
  readonly claims: Claims;
  /** Which caches have not been listed yet, and why; undefined once all have. */
  readonly whyNotSynced: () => string | undefined;
  /** Whether the apiserver serves EndpointSlices; asked once. */
  readonly servesSlices: () => Promise<boolean>;
  /** Begins to list and watch; resolves when everything has been listed, or the signal aborts. */
  start(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export interface KubernetesDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Every write passes it. */
  readonly leadership: Leadership;
}

export function openKubernetes(
  config: ControllerConfig,
  { clock, log, metrics, leadership }: KubernetesDeps,
): Kubernetes {
  const client = createKubeClient(
    {
      ...config.kubernetes,
      userAgent: () => userAgentOf(config.replica, leadership.term?.number),
      writeGate: leadership,
    },
    { clock, log, onCall: (call) => countCall(metrics, call) },
  );
  const scope = config.namespaces.length === 0 ? {} : { namespaces: config.namespaces };
  const ours = { ...scope, labelSelector: labels.etcdService };
  const etcdServices = createCache(
    client,
    etcdServiceResource,
    { ...scope, transform: slim },
    { clock, log },
  );
  const services = createCache(client, SERVICES, { ...scope, transform: slim }, { clock, log });
  const endpoints = createCache(client, ENDPOINTS, { ...ours, transform: slim }, { clock, log });
  const all: readonly WatchedCache<KubeObject>[] = [etcdServices, services, endpoints];
  const names = ['EtcdServices', 'Services', 'Endpoints'];
  const whyNotSynced = (): string | undefined => {
    const waiting = all.flatMap(({ synced, problem }, index) =>
      synced ? [] : [`${names[index]}: ${problem === undefined ? 'not listed yet' : messageOf(problem)}`],
    );
    return waiting.length === 0 ? undefined : waiting.join('; ');
  };
  const events = createEventRecorder(client, { clock, log, instance: config.replica });
  const own = {
    etcdServices: new OwnWrites(etcdServices, clock),
    services: new OwnWrites(services, clock),
    endpoints: new OwnWrites(endpoints, clock),
  };
  let slices: Promise<boolean> | undefined;

  return {
    client,
    events,
    caches: { etcdServices },
    own,
    claims: new Claims(etcdServices),
    whyNotSynced,
    servesSlices() {
      slices ??= client.serves(ENDPOINT_SLICES).catch((error: unknown) => {
        slices = undefined;
        throw error;
      });
      return slices;
    },
    async start(signal) {
      for (const cache of all) {
        cache.start();
      }
      const ended = sayWhatIsAwaited(whyNotSynced, clock, log);
      try {
        await Promise.all(all.map((cache) => cache.untilSynced(signal)));
      } catch (error) {
        if (!signal.aborted) {
          throw error;
        }
      } finally {
        ended();
      }
    },
    async close() {
      events.close();
      await Promise.all(all.map((cache) => cache.close()));
      for (const writes of Object.values(own)) {
        writes.close();
      }
      await client.close();
    },
  };
}

/** A start that takes long says what it waits for, again and again, until it is over. */
function sayWhatIsAwaited(why: () => string | undefined, clock: Clock, log: Logger): () => void {
  const say = (): void => {
    const waiting = why();
    if (waiting !== undefined) {
      log.warn({ reason: 'NotSynced', waiting }, 'Waiting for Kubernetes');
    }
    cancel = clock.schedule(waitingLoggedMs, say);
  };
  let cancel = clock.schedule(waitingLoggedMs, say);
  return () => cancel();
}

/** What caches keep of an object: all but the bookkeeping of its writers, which can be larger than the rest. */
function slim<T extends KubeObject>(object: T): T {
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
