import type { EtcdService } from '../api/etcd-service.ts';
import { annotations, labels } from '../endpoints/labels.ts';
import type { EndpointSlice, Endpoints, Service } from '../kube/resources.ts';
import { type Cache, type KubeObject, type ObjectKey, objectKey } from '../kube/types.ts';
import { type Claims, claimedService } from './claims/claims.ts';
import type { NodeNames } from './publish/node-names.ts';
import type { OwnWrites } from './publish/own-writes.ts';
import { serviceOf } from './publish/slices-keeper.ts';
import type { WorkQueue } from './queue/work-queue.ts';
import { isSpecChange } from './spec-change.ts';

export interface TriggerDeps {
  readonly queue: WorkQueue;
  readonly claims: Claims;
  readonly etcdServices: Cache<EtcdService>;
  readonly services: OwnWrites<Service>;
  readonly endpoints: OwnWrites<Endpoints>;
  readonly slices: OwnWrites<EndpointSlice>;
  readonly nodeNames: NodeNames | undefined;
  /** Whether all caches have been listed: what comes before that is start-up work. */
  readonly isStarted: () => boolean;
}

/** Puts the keys of EtcdServices into the queue when something that they depend on changes. Only keys: the state is read later. */
export function connectTriggers(deps: TriggerDeps): void {
  const { queue, claims, etcdServices, services, endpoints, slices, nodeNames, isStarted } = deps;
  const add = (object: EtcdService): void => {
    queue.add(objectKey(object.metadata), isStarted() ? 'high' : 'last');
  };
  const addClaimants = (service: ObjectKey): void => {
    for (const object of claims.claimants(service)) {
      add(object);
    }
  };
  const ofService = (before: KubeObject | undefined, after: KubeObject | undefined): void => {
    const object = after ?? before;
    if (object !== undefined) {
      addClaimants(objectKey(object.metadata));
    }
  };
  const ofSlice = (slice: EndpointSlice | undefined): void => {
    const service = slice && serviceOf(slice);
    if (service !== undefined) {
      addClaimants(service);
    }
    const owner = slice && etcdServices.get(ownerOf(slice));
    if (owner !== undefined) {
      add(owner);
    }
  };

  etcdServices.onChange((before, after) => {
    const object = after ?? before;
    if (object === undefined || !isNews(before, after)) {
      return;
    }
    add(object);
    addClaimants(claimedService(object));
  });
  services.onForeignChange(ofService);
  endpoints.onForeignChange(ofService);
  slices.onForeignChange((before, after) => {
    ofSlice(before);
    ofSlice(after);
  });
  // Which EtcdServices have an instance there, their reconciles see soonest: Nodes come and go seldom.
  nodeNames?.onChange(() => {
    for (const object of isStarted() ? etcdServices.list() : []) {
      queue.add(objectKey(object.metadata), 'low');
    }
  });
}

/** The key of the EtcdService that a slice is labelled with: who looks after one that names no Service, or another. */
function ownerOf({ metadata }: EndpointSlice): ObjectKey {
  return objectKey({ ...metadata, name: metadata.labels?.[labels.etcdService] ?? '' });
}

/** An EtcdService is looked at when its spec, its life, its owner or the hold to release changes. */
function isNews(before: EtcdService | undefined, after: EtcdService | undefined): boolean {
  const [released, releases] = [before, after].map(
    (object) => object?.metadata.annotations?.[annotations.releaseHold],
  );
  return isSpecChange(before, after) || released !== releases;
}
