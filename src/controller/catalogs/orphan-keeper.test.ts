import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { generated } from '../../../test/kit/generated.ts';
import type { EtcdCatalog } from '../../api/etcd-catalog.ts';
import type { EtcdService } from '../../api/etcd-service.ts';
import { RetryableError } from '../../errors.ts';
import type { CatalogWrites } from './catalog-writes.ts';
import { OrphanKeeper, type OrphanKeeperDeps } from './orphan-keeper.ts';

const catalog = {
  metadata: { name: 'company', creationTimestamp: '2026-01-02T00:00:00Z' },
} as EtcdCatalog;
const crd = { metadata: { creationTimestamp: '2026-01-01T00:00:00Z' } };

/** The EtcdServices of a catalog that somebody has deleted, and what came of deleting them. */
function orphaned({ leads = true, failures = [] as readonly unknown[] } = {}) {
  const deleted: (string | undefined)[] = [];
  const deps = {
    areListed: () => true,
    etcdServices: { by: () => [generated('web')] },
    reader: {
      serves: async () => true,
      get: async (_: object, name: string) => (name.includes('.') ? crd : undefined),
    },
    clock: new FakeClock(),
    leads: () => leads,
  };
  const writes = {
    async carryOut({ deletes }: { readonly deletes: readonly EtcdService[] }) {
      deleted.push(...deletes.map(({ metadata }) => metadata.name));
      return { failures, notCreated: 0 };
    },
  };
  const keeper = new OrphanKeeper(deps as unknown as OrphanKeeperDeps, writes as unknown as CatalogWrites);
  keeper.sawDeleted(catalog);
  return { deleted, reconcile: () => keeper.reconcile('company', () => undefined) };
}

describe('the EtcdServices of a catalog that somebody has deleted', () => {
  it('are deleted, and nobody comes again', async () => {
    const { deleted, reconcile } = orphaned();
    expect(await reconcile()).toBeUndefined();
    expect(deleted).toEqual(['web']);
  });

  it('are come back to where one could not be deleted', async () => {
    const { reconcile } = orphaned({ failures: [new RetryableError('KUBE_CONFLICT', 'it has changed')] });
    expect(await reconcile()).toEqual({ requeueAfterMs: 10_000 });
  });

  it('are come back to where the term is suspended', async () => {
    const { deleted, reconcile } = orphaned({ leads: false });
    expect(await reconcile()).toEqual({ requeueAfterMs: 10_000 });
    expect(deleted).toEqual([]);
  });
});
