import { catalogOf } from '../../catalog/marks.ts';
import type { ControllerConfig } from '../../config/controller-options.ts';
import type { KubeWriter } from '../../kube/types.ts';
import type { AssemblyDeps } from '../assemble.ts';
import { countedQueue } from '../queue/counted-queue.ts';
import type { WorkQueue } from '../queue/work-queue.ts';
import type { Recorder } from '../recorder.ts';
import type { Registries } from '../registries/registries.ts';
import { CatalogKeeper } from './catalog-keeper.ts';
import { connectCatalogTriggers } from './catalog-triggers.ts';

/** Of one catalog: the services of a large registry come and go in bursts, and each run looks at all of them. */
const minIntervalMs = 1000;

export interface CatalogAssemblyDeps extends AssemblyDeps {
  readonly writer: KubeWriter;
  readonly recorder: Recorder;
  readonly registryUses: Registries;
}

export interface CatalogAssembly {
  readonly catalogQueue: WorkQueue;
  readonly catalogKeeper: CatalogKeeper;
  /** Has every catalog looked at: a term has begun. */
  readonly lookAtCatalogs: () => void;
}

/** Puts together what keeps the EtcdServices of catalogs. */
export function assembleCatalogs(config: ControllerConfig, deps: CatalogAssemblyDeps): CatalogAssembly {
  const { clock, leadership, kubernetes, registries, writer, recorder, registryUses } = deps;
  const { caches, catalogs, ownNamespace } = registries;
  const { etcdServices } = kubernetes.own;
  const catalogQueue = countedQueue({ kind: 'etcdCatalog', minIntervalMs }, deps);
  const catalogKeeper = new CatalogKeeper({
    catalogs,
    areListed: () => caches.etcdCatalogs.synced && caches.etcdCatalogs.problem === undefined,
    etcdServices,
    served: config.namespaces,
    namespaces: caches.namespaces,
    registries: registryUses,
    reader: kubernetes.client,
    writer,
    clock,
    leads: () => leadership.term?.state === 'active',
    leadsSince: () => leadership.since,
    changed: (name) => catalogQueue.add(name),
    told: (object, condition) => recorder.catalogTold(object, ownNamespace, condition),
  });
  connectCatalogTriggers({
    queue: catalogQueue,
    caches,
    etcdServices,
    pool: registries.pool,
    sawDeleted: (catalog) => catalogKeeper.sawDeleted(catalog),
  });
  return {
    catalogQueue,
    catalogKeeper,
    lookAtCatalogs() {
      const made = [...kubernetes.caches.etcdServices.list()].flatMap(catalogOf);
      const named = [...caches.etcdCatalogs.list()].map(({ metadata }) => metadata.name);
      for (const name of new Set([...named, ...made])) {
        catalogQueue.add(name);
      }
    },
  };
}
