import { type EtcdService, etcdServiceResource } from '../api/etcd-service.ts';
import { type Clock, sleep } from '../clock.ts';
import { labels, managerName } from '../endpoints/labels.ts';
import { messageOf } from '../errors.ts';
import { createCache } from '../kube/cache.ts';
import {
  ENDPOINT_SLICES,
  ENDPOINTS,
  type EndpointSlice,
  type Endpoints,
  NODES,
  type Node,
  SERVICES,
  type Service,
} from '../kube/resources.ts';
import type { KubeClient, KubeObject, Resource, WatchedCache } from '../kube/types.ts';
import type { Logger } from '../telemetry/logging.ts';
import { slimNode } from './publish/node-names.ts';
import { slim, slimEtcdService, slimSlice } from './slim.ts';

/** How often it is said what the start waits for. */
const waitingLoggedMs = 15_000;
/** Pause before it is asked again what the apiserver serves, where it did not answer. */
const askAgainMs = 1000;

/** What the controller follows in Kubernetes. Endpoints and slices are followed as far as they carry our labels. */
export interface Caches {
  readonly etcdServices: WatchedCache<EtcdService>;
  readonly services: WatchedCache<Service>;
  readonly endpoints: WatchedCache<Endpoints>;
  /** Empty where the apiserver does not serve EndpointSlices. */
  readonly slices: WatchedCache<EndpointSlice>;
  /** Undefined where slices name no Nodes. */
  readonly nodes: WatchedCache<Node> | undefined;
  /** Which caches have not been listed yet, and why; undefined once all have. */
  readonly whyNotSynced: () => string | undefined;
  /** Whether the apiserver serves EndpointSlices; asked once. */
  readonly servesSlices: () => Promise<boolean>;
  /** Begins to list and watch; resolves when everything has been listed, or the signal aborts. */
  start(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

interface CachesOptions {
  /** Empty: all. */
  readonly namespaces: readonly string[];
  /** Whether Nodes are followed. */
  readonly nodeNames: boolean;
}

interface CachesDeps {
  readonly clock: Clock;
  readonly log: Logger;
}

export function openCaches(
  client: KubeClient,
  { namespaces, nodeNames }: CachesOptions,
  { clock, log }: CachesDeps,
): Caches {
  const scope = namespaces.length === 0 ? {} : { namespaces };
  const cacheOf = <T extends KubeObject>(
    resource: Resource<T>,
    labelSelector?: string,
    transform: (object: T) => T = slim,
  ): WatchedCache<T> =>
    createCache(
      client,
      resource,
      { ...scope, ...(labelSelector === undefined ? {} : { labelSelector }), transform },
      { clock, log },
    );
  const etcdServices = cacheOf(etcdServiceResource, undefined, slimEtcdService);
  const services = cacheOf(SERVICES);
  const endpoints = cacheOf(ENDPOINTS, labels.etcdService);
  // Kubernetes copies our label from Endpoints to the slices that it mirrors from them.
  const ours = `${labels.etcdService},${labels.sliceManagedBy}=${managerName}`;
  const slices = cacheOf(ENDPOINT_SLICES, ours, slimSlice);
  const nodes = nodeNames ? createCache(client, NODES, { transform: slimNode }, { clock, log }) : undefined;
  const served = new Served(client, ENDPOINT_SLICES);
  const sources: Readonly<Record<string, Source>> = {
    EtcdServices: etcdServices,
    Services: services,
    Endpoints: endpoints,
    ...(nodes !== undefined && { Nodes: nodes }),
    EndpointSlices: {
      get synced(): boolean {
        return served.isServed === false || slices.synced;
      },
      get problem(): Error | undefined {
        return served.problem ?? slices.problem;
      },
    },
  };
  const always = [etcdServices, services, endpoints, ...(nodes === undefined ? [] : [nodes])];
  const whyNotSynced = (): string | undefined => {
    const waiting = Object.entries(sources).flatMap(([name, { synced, problem }]) =>
      synced ? [] : [`${name}: ${problem === undefined ? 'not listed yet' : messageOf(problem)}`],
    );
    return waiting.length === 0 ? undefined : waiting.join('; ');
  };
  const followSlices = async (signal: AbortSignal): Promise<void> => {
    if (await served.untilKnown(clock, signal)) {
      await follow(slices, signal);
    } else {
      log.warn(
        { reason: 'SlicesNotServed' },
        'This cluster does not serve discovery.k8s.io/v1: only Endpoints are published, and Kubernetes mirrors them',
      );
    }
  };

  return {
    etcdServices,
    services,
    endpoints,
    slices,
    nodes,
    whyNotSynced,
    servesSlices: () => served.ask(),
    async start(signal) {
      const ended = sayWhatIsAwaited(whyNotSynced, clock, log);
      try {
        await Promise.all([...always.map((cache) => follow(cache, signal)), followSlices(signal)]);
      } catch (error) {
        if (!signal.aborted) {
          throw error;
        }
      } finally {
        ended();
      }
    },
    async close() {
      await Promise.all([...always, slices].map((cache) => cache.close()));
    },
  };
}

/** What a start waits for. */
interface Source {
  readonly synced: boolean;
  readonly problem: Error | undefined;
}

async function follow(cache: WatchedCache<KubeObject>, signal: AbortSignal): Promise<void> {
  cache.start();
  await cache.untilSynced(signal);
}

/** Whether the apiserver serves a resource: its first answer counts. */
class Served {
  readonly #client: KubeClient;
  readonly #resource: Resource;
  #asked: Promise<boolean> | undefined;
  /** Undefined until it has answered. */
  isServed: boolean | undefined;
  /** Why it has not answered. */
  problem: Error | undefined;

  constructor(client: KubeClient, resource: Resource) {
    this.#client = client;
    this.#resource = resource;
  }

  ask(): Promise<boolean> {
    this.#asked ??= this.#ask();
    return this.#asked;
  }

  /** Asks until it answers. Throws when the signal aborts. */
  async untilKnown(clock: Clock, signal: AbortSignal): Promise<boolean> {
    for (;;) {
      signal.throwIfAborted();
      try {
        return await this.ask();
      } catch {
        await sleep(clock, askAgainMs, signal);
      }
    }
  }

  async #ask(): Promise<boolean> {
    try {
      this.isServed = await this.#client.serves(this.#resource);
      this.problem = undefined;
      return this.isServed;
    } catch (error) {
      this.#asked = undefined;
      this.problem = error instanceof Error ? error : new Error(messageOf(error));
      throw error;
    }
  }
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
