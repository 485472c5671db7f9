import { type EtcdCatalog, etcdCatalogResource } from '../../api/etcd-catalog.ts';
import type { EtcdService } from '../../api/etcd-service.ts';
import { retire } from '../../catalog/orphans.ts';
import type { Clock } from '../../clock.ts';
import { hasCode } from '../../errors.ts';
import { CUSTOM_RESOURCE_DEFINITIONS } from '../../kube/resources.ts';
import type { KubeObject, KubeReader } from '../../kube/types.ts';
import type { OwnWrites } from '../publish/own-writes.ts';
import type { Requeue } from '../queue/work-queue.ts';
import type { CatalogWrites } from './catalog-writes.ts';

/** How often EtcdServices are looked at that wait for their time, or for the CRD. */
const lookAgainMs = 10_000;

export interface OrphanKeeperDeps {
  /** Whether every EtcdCatalog is known: where it is not, one that is absent may be there. */
  readonly areListed: () => boolean;
  /** Found by the name of their catalog. */
  readonly etcdServices: OwnWrites<EtcdService>;
  readonly reader: KubeReader;
  readonly clock: Clock;
  /** Whether this replica may write. */
  readonly leads: () => boolean;
}

/**
 * Takes away the EtcdServices of catalogs that are no more: soon where somebody has deleted the catalog, and after their time where it is
 * only absent. Nothing goes while the apiserver does not serve EtcdCatalogs (docs/adr/0014).
 */
export class OrphanKeeper {
  readonly #deps: OrphanKeeperDeps;
  readonly #writes: CatalogWrites;
  /** Catalogs that this process has seen being deleted, as they were. */
  readonly #deleted = new Map<string, EtcdCatalog>();

  constructor(deps: OrphanKeeperDeps, writes: CatalogWrites) {
    this.#deps = deps;
    this.#writes = writes;
  }

  /** A watch has told that somebody has deleted the catalog. */
  sawDeleted(catalog: EtcdCatalog): void {
    this.#deleted.set(catalog.metadata.name, catalog);
  }

  /** The catalog is there. */
  sawStanding(name: string): void {
    this.#deleted.delete(name);
  }

  /** `isAllowed` is asked before each write, as {@link CatalogWrites.carryOut} has it. */
  async reconcile(name: string, isAllowed: () => void): Promise<Requeue | undefined> {
    const { etcdServices, leads, clock } = this.#deps;
    if (etcdServices.by(name).length === 0) {
      this.#deleted.delete(name);
      return undefined;
    }
    // A term that is suspended may go on, and nothing would tell.
    if (!leads() || !(await this.#isAbsent(name))) {
      return { requeueAfterMs: lookAgainMs };
    }
    const isDeleted = await this.#isDeletedAlone(name);
    const orphans = etcdServices.by(name);
    const { marked, deletes, lookAgainMs: nextMs } = retire({ orphans, isDeleted, now: clock.now() });
    const plan = { creates: [], updates: marked, deletes, moves: [] };
    const { failures } = await this.#writes.carryOut(plan, isAllowed);
    const isDone = failures.length === 0 && nextMs === undefined;
    return isDone ? undefined : { requeueAfterMs: Math.min(nextMs ?? lookAgainMs, lookAgainMs) };
  }

  /** Looks at the apiserver itself: a cache that lags, or whose CRD has gone, must not cost a cluster its Services. */
  async #isAbsent(name: string): Promise<boolean> {
    const { areListed, reader } = this.#deps;
    return (
      areListed() &&
      (await reader.serves(etcdCatalogResource)) &&
      (await reader.get(etcdCatalogResource, name)) === undefined
    );
  }

  /**
   * Whether somebody has deleted the catalog, and not its CRD with every catalog in it. A CRD that is being deleted says so before the first
   * catalog goes, and one that was installed again is younger than the catalog. Where we may not look, it is taken for the worse.
   */
  async #isDeletedAlone(name: string): Promise<boolean> {
    const catalog = this.#deleted.get(name);
    if (catalog === undefined) {
      return false;
    }
    const isAlone = hasOutlived(await this.#crd(), catalog);
    if (!isAlone) {
      this.#deleted.delete(name);
    }
    return isAlone;
  }

  async #crd(): Promise<KubeObject | undefined> {
    const { plural, group } = etcdCatalogResource;
    try {
      return await this.#deps.reader.get(CUSTOM_RESOURCE_DEFINITIONS, `${plural}.${group}`);
    } catch (error) {
      if (hasCode(error, 'KUBE_FORBIDDEN')) {
        return undefined;
      }
      throw error;
    }
  }
}

/** Whether the CRD is the one that the catalog was made under, and stays. */
function hasOutlived(crd: KubeObject | undefined, { metadata }: EtcdCatalog): boolean {
  const [installed = Number.NaN, created = Number.NaN] = [crd?.metadata, metadata].map((meta) =>
    Date.parse(meta?.creationTimestamp ?? ''),
  );
  return crd?.metadata.deletionTimestamp === undefined && installed <= created;
}
