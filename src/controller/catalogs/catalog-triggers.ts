import type { EtcdCatalog } from '../../api/etcd-catalog.ts';
import type { EtcdService } from '../../api/etcd-service.ts';
import { catalogOf } from '../../catalog/marks.ts';
import type { KubeObject } from '../../kube/types.ts';
import type { OwnWrites } from '../publish/own-writes.ts';
import type { WorkQueue } from '../queue/work-queue.ts';
import type { OpenRegistries } from '../registries/open-registries.ts';
import { isSpecChange } from '../spec-change.ts';

export interface CatalogTriggerDeps extends Pick<OpenRegistries, 'caches' | 'pool'> {
  /** Of EtcdCatalogs. */
  readonly queue: WorkQueue;
  readonly etcdServices: OwnWrites<EtcdService>;
  /** A watch has told that somebody has deleted the catalog. */
  readonly sawDeleted: (catalog: EtcdCatalog) => void;
}

/** Puts the names of EtcdCatalogs into their queue when something that they depend on changes. Only names: the state is read later. */
export function connectCatalogTriggers(deps: CatalogTriggerDeps): void {
  const { queue, caches, etcdServices, pool, sawDeleted } = deps;
  const addAll = (): void => {
    for (const { metadata } of caches.etcdCatalogs.list()) {
      queue.add(metadata.name, 'low');
    }
  };
  caches.etcdCatalogs.onChange((before, after, isMissed) => {
    const object = after ?? before;
    if (before !== undefined && after === undefined && !isMissed) {
      sawDeleted(before);
    }
    if (object !== undefined && isSpecChange(before, after)) {
      queue.add(object.metadata.name);
    }
  });
  caches.etcdRegistries.onChange((before, after) => {
    if (isSpecChange(before, after)) {
      addAll();
    }
  });
  caches.namespaces.onChange(addAll);
  pool.onConnection(addAll);
  etcdServices.onForeignChange((before, after) => {
    if (!isSpecChange(before, after) && catalogsOf(before) === catalogsOf(after)) {
      return;
    }
    for (const name of [before, after].flatMap((object) => (object === undefined ? [] : catalogOf(object)))) {
      queue.add(name, 'low');
    }
    // One that is written by hand, or gone, can be in the way of a catalog, or be missed by one.
    if (before === undefined || after === undefined) {
      addAll();
    }
  });
}

function catalogsOf(object: KubeObject | undefined): string {
  return object === undefined ? '' : catalogOf(object).join();
}
