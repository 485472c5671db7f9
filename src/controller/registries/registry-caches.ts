import { type EtcdCatalog, etcdCatalogResource } from '../../api/etcd-catalog.ts';
import { type EtcdRegistry, etcdRegistryResource } from '../../api/etcd-registry.ts';
import { type Clock, sleep } from '../../clock.ts';
import { labels } from '../../endpoints/labels.ts';
import { messageOf } from '../../errors.ts';
import { createCache } from '../../kube/cache.ts';
import {
  NAMESPACES,
  type Namespace,
  SECRETS,
  SERVICE_CIDRS,
  type Secret,
  type ServiceCidr,
} from '../../kube/resources.ts';
import type { KubeClient, KubeObject, Resource, WatchedCache } from '../../kube/types.ts';
import type { Logger } from '../../telemetry/logging.ts';

/** None of these is needed by everybody, and an older role may not grant them: those that are refused are tried at leisure. */
const refusedBackoff = { baseMs: 800, maxMs: 300_000, jitter: 0.5 };
/** How often a start looks whether they are known, or known to fail. */
const lookEveryMs = 20;

/** What registries need of Kubernetes. A start does not fail for what cannot be listed: what depends on it says so. */
export interface RegistryCaches {
  readonly etcdRegistries: WatchedCache<EtcdRegistry>;
  readonly etcdCatalogs: WatchedCache<EtcdCatalog>;
  /** Those of the controller's namespace that have our label. Started when the first registry names one. */
  readonly secrets: WatchedCache<Secret>;
  /** Started with the first grant by labels, and the first catalog. */
  readonly namespaces: WatchedCache<Namespace>;
  /** Empty where the apiserver does not serve them. */
  readonly serviceCidrs: WatchedCache<ServiceCidr>;
  /** Resolves when registries, catalogs and ranges have been listed or are known to fail, or the signal aborts. */
  start(signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export function openRegistryCaches(
  client: KubeClient,
  ownNamespace: string,
  { clock, log }: { readonly clock: Clock; readonly log: Logger },
): RegistryCaches {
  const cacheOf = <T extends KubeObject>(resource: Resource<T>, scope: object = {}): WatchedCache<T> =>
    createCache(client, resource, { ...scope, transform: slim, refusedBackoff }, { clock, log });
  const etcdRegistries = cacheOf(etcdRegistryResource);
  const etcdCatalogs = cacheOf(etcdCatalogResource);
  const secrets = cacheOf(SECRETS, { namespaces: [ownNamespace], labelSelector: labels.registry });
  const namespaces = cacheOf(NAMESPACES);
  const serviceCidrs = cacheOf(SERVICE_CIDRS);

  const follow = async (cache: WatchedCache<KubeObject>, signal: AbortSignal): Promise<void> => {
    cache.start();
    while (!signal.aborted && !cache.synced && cache.problem === undefined) {
      await sleep(clock, lookEveryMs, signal);
    }
  };
  const followRanges = async (signal: AbortSignal): Promise<void> => {
    try {
      if (await client.serves(SERVICE_CIDRS)) {
        await follow(serviceCidrs, signal);
      }
    } catch (error) {
      log.warn({ problem: messageOf(error) }, 'Could not ask for the ranges of Services');
    }
  };

  return {
    etcdRegistries,
    etcdCatalogs,
    secrets,
    namespaces,
    serviceCidrs,
    async start(signal) {
      await Promise.all([follow(etcdRegistries, signal), follow(etcdCatalogs, signal), followRanges(signal)]);
    },
    async close() {
      await Promise.all(
        [etcdRegistries, etcdCatalogs, secrets, namespaces, serviceCidrs].map((cache) => cache.close()),
      );
    },
  };
}

/** What caches keep of an object: all but annotations and the bookkeeping of its writers, which can hold copies of Secrets. */
function slim<T extends KubeObject>(object: T): T {
  const { managedFields: _, annotations: __, ...metadata } = object.metadata;
  return { ...object, metadata };
}
