import { etcdCatalogResource } from '../../api/etcd-catalog.ts';
import type { EtcdService } from '../../api/etcd-service.ts';
import { retire } from '../../catalog/orphans.ts';
import type { Clock } from '../../clock.ts';
import type { KubeReader } from '../../kube/types.ts';
import type { OwnWrites } from '../own-writes.ts';
import type { Requeue } from '../work-queue.ts';
import type { CatalogWrites } from './catalog-writes.ts';

/** How long a catalog must have been gone, with its CRD in place: the deletion of the CRD deletes every catalog first. */
const settleMs = 5000;
/** How often that is looked at meanwhile. */
const settlingLookMs = 1000;
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
  /** Catalogs that this process has seen being deleted, and when, in monotonic milliseconds. */
  readonly #deletedAt = new Map<string, number>();

  constructor(deps: OrphanKeeperDeps, writes: CatalogWrites) {
    this.#deps = deps;
    this.#writes = writes;
  }

  /** A watch has told that somebody has deleted the catalog. */
  sawDeleted(name: string): void {
    this.#deletedAt.set(name, this.#deps.clock.monotonic());
  }

  /** The catalog is there. */
  sawStanding(name: string): void {
    this.#deletedAt.delete(name);
  }

  /** `isAllowed` is asked before each write, as {@link CatalogWrites.carryOut} has it. */
  async reconcile(name: string, isAllowed: () => void): Promise<Requeue | undefined> {
    const { etcdServices, leads, clock } = this.#deps;
    if (etcdServices.by(name).length === 0) {
      this.#deletedAt.delete(name);
      return undefined;
    }
    const settlesInMs = this.#settlesInMs(name);
    if (!leads() && settlesInMs === undefined) {
      return undefined;
    }
    if (!(await this.#isAbsent(name))) {
      return { requeueAfterMs: lookAgainMs };
    }
    if (settlesInMs !== undefined && settlesInMs > 0) {
      return { requeueAfterMs: settlingLookMs };
    }
    if (!leads()) {
      return undefined;
    }
    const {
      marked,
      deletes,
      lookAgainMs: nextMs,
    } = retire({
      orphans: etcdServices.by(name),
      isDeleted: this.#deletedAt.has(name),
      now: clock.now(),
    });
    await this.#writes.carryOut({ creates: [], updates: marked, deletes, moves: [] }, isAllowed);
    return nextMs === undefined ? undefined : { requeueAfterMs: Math.min(nextMs, lookAgainMs) };
  }

  /** Looks at the apiserver itself: a cache that lags, or whose CRD was deleted, must not cost a cluster its Services. */
  async #isAbsent(name: string): Promise<boolean> {
    const { areListed, reader } = this.#deps;
    if (!areListed() || !(await reader.serves(etcdCatalogResource))) {
      this.#deletedAt.delete(name);
      return false;
    }
    return (await reader.get(etcdCatalogResource, name)) === undefined;
  }

  #settlesInMs(name: string): number | undefined {
    const deletedAt = this.#deletedAt.get(name);
    return deletedAt === undefined ? undefined : deletedAt + settleMs - this.#deps.clock.monotonic();
  }
}
