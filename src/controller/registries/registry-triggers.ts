import type { EtcdService } from '../../api/etcd-service.ts';
import type { ConditionType } from '../../api/reasons.ts';
import type { Cancel, Clock } from '../../clock.ts';
import { labels } from '../../endpoints/labels.ts';
import type { Connection } from '../../etcd/types.ts';
import { type CacheIndex, type KubeObject, objectKey, type WatchedCache } from '../../kube/types.ts';
import type { WorkQueue } from '../queue/work-queue.ts';
import { isSpecChange } from '../spec-change.ts';
import type { OpenRegistries } from './open-registries.ts';

/** How long after its loss a registry's conditions are looked at: they turn False from 30 s on (registry-state.ts). */
const lossLookedAtMs = 30_000;
/** Services come and go in bursts: every EtcdService is looked at once for all of them. */
const addressesSettleMs = 1000;

export interface RegistryTriggerDeps extends Pick<OpenRegistries, 'pool' | 'caches' | 'serviceAddresses'> {
  /** Of EtcdServices. */
  readonly queue: WorkQueue;
  /** Of EtcdRegistries. */
  readonly registryQueue: WorkQueue;
  /** EtcdServices by the registry that they name. */
  readonly byRegistry: CacheIndex<EtcdService>;
  /** EtcdServices by their namespace. */
  readonly byNamespace: CacheIndex<EtcdService>;
  readonly etcdServices: WatchedCache<EtcdService>;
  readonly clock: Clock;
  /** After how many milliseconds without a registry its endpoints are published as not ready; undefined: never. */
  readonly staleMs: number | undefined;
  /** Whether all caches have been listed: what comes before that is start-up work. */
  readonly isStarted: () => boolean;
}

/**
 * Puts the keys of EtcdServices and EtcdRegistries into their queues when something of a registry changes that they depend on. Returns a function
 * that ends what is waited for.
 */
export function connectRegistryTriggers(deps: RegistryTriggerDeps): () => void {
  const { queue, registryQueue, pool, caches, serviceAddresses } = deps;
  const { byRegistry, byNamespace, etcdServices, clock, isStarted, staleMs } = deps;
  const add = (objects: Iterable<EtcdService>): void => {
    for (const object of isStarted() ? objects : []) {
      queue.add(objectKey(object.metadata), 'low');
    }
  };

  caches.etcdRegistries.onChange((before, after) => {
    const { name } = (after ?? before ?? nobody).metadata;
    if (isSpecChange(before, after)) {
      registryQueue.add(name, 'high');
      add(byRegistry.get(name));
    }
  });
  caches.secrets.onChange((before, after) => {
    for (const object of [before, after]) {
      const name = object?.metadata.labels?.[labels.registry];
      if (name !== undefined) {
        registryQueue.add(name, 'high');
      }
    }
  });
  caches.namespaces.onChange((before, after) => {
    const { name } = (after ?? before ?? nobody).metadata;
    add(byNamespace.get(name));
  });
  pool.onConnection((name, connection) => {
    registryQueue.add(name, 'high');
    for (const object of byRegistry.get(name)) {
      lookAtRegistry(queue, object, connection, staleMs);
    }
  });

  let settling: Cancel | undefined;
  serviceAddresses.onChange(() => {
    settling ??= clock.schedule(addressesSettleMs, () => {
      settling = undefined;
      add(etcdServices.list());
    });
  });
  return () => settling?.();
}

const nobody: KubeObject = { apiVersion: '', kind: '', metadata: { name: '' } };

/** A loss is looked at when it is due; a return where the first list, or what was told of the loss, waits for it. */
function lookAtRegistry(
  queue: WorkQueue,
  object: EtcdService,
  { connected }: Connection,
  staleMs = Number.POSITIVE_INFINITY,
): void {
  const key = objectKey(object.metadata);
  const told = (type: ConditionType) => object.status?.conditions?.find((known) => known.type === type);
  if (!connected) {
    queue.addAfter(key, Math.min(lossLookedAtMs, staleMs), 'low');
  } else if (told('RegistryConnected')?.status !== 'True' || told('Ready')?.reason === 'RegistryStale') {
    queue.add(key, 'low');
  }
}
