import { describe, expect, it } from 'vitest';
import { type EtcdCatalogInput, etcdCatalogSpecSchema } from '../api/etcd-catalog.ts';
import type { EtcdService } from '../api/etcd-service.ts';
import { assign } from './assign.ts';
import type { FoundService } from './found-services.ts';
import { emptySince } from './generated.ts';
import { catalogLabel } from './marks.ts';
import { type CatalogPlan, type CatalogState, type CatalogWish, planCatalog } from './plan.ts';

const day = 86_400_000;
const now = Date.parse('2026-11-20T12:00:00Z');

function templateOf(template: EtcdCatalogInput['template']): CatalogWish['template'] {
  const catalog = { pattern: '/services/{service}/{instance}', namespaces: [{ name: 'shop' }], template };
  return etcdCatalogSpecSchema.parse(catalog).template;
}

const wish: CatalogWish = {
  catalog: 'company',
  registryRef: { name: 'company' },
  separator: '/',
  hasInstances: true,
  template: templateOf({ metadata: { labels: { team: 'shop' } }, spec: { ports: [{ port: 80 }] } }),
  maxServices: 2000,
  pruneAfterMs: 7 * day,
};

function found(service: string): FoundService {
  return { service, values: { service }, source: `/services/${service}/`, keys: 1 };
}

type Parts = Partial<Omit<CatalogState, 'assignment'>> & { readonly exclude?: readonly string[] };

function plan(
  services: readonly string[],
  { exclude, ...state }: Parts = {},
  changes: Partial<CatalogWish> = {},
): CatalogPlan {
  const assignment = assign(
    services.map(found),
    { namespaces: [{ name: 'shop' }], exclude },
    { hasNamespace: () => true, mayRead: () => true, standingSource: () => undefined },
  );
  return planCatalog(
    { ...wish, ...changes },
    { standing: [], isHandWritten: () => false, isKnown: true, now, ...state, assignment },
  );
}

function made(services: readonly string[]): readonly EtcdService[] {
  return plan(services).creates;
}

function many(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `s${index}`);
}

describe('planCatalog', () => {
  it('makes an EtcdService of the template for each service', () => {
    expect(made(['web'])).toMatchObject([
      {
        metadata: { namespace: 'shop', name: 'web', labels: { team: 'shop', [catalogLabel]: 'company' } },
        spec: {
          registryRef: { name: 'company' },
          prefix: '/services/web',
          separator: '/',
          ports: [{ port: 80 }],
          service: { type: 'Headless' },
        },
      },
    ]);
  });

  it('names the one key where a service has no instances below it', () => {
    expect(plan(['web'], {}, { hasInstances: false }).creates[0]?.spec).toMatchObject({
      key: '/services/web/',
    });
  });

  it('changes nothing where all stands, whatever others have added', () => {
    const standing = made(['web']).map((object) => ({
      ...object,
      metadata: { ...object.metadata, labels: { ...object.metadata.labels, other: 'label' } },
      spec: { ...(object.spec as object), format: 'auto', mode: 'Publish' },
    }));

    expect(plan(['web'], { standing })).toMatchObject({
      creates: [],
      updates: [],
      deletes: [],
      published: 1,
    });
  });

  it('follows a changed template, also where it only loses a field', () => {
    const { updates } = plan(['web'], { standing: made(['web']) }, { template: templateOf({}) });

    expect(updates[0]?.spec).not.toHaveProperty('ports');
  });

  it('leaves an EtcdService alone that was written by hand', () => {
    expect(plan(['web'], { isHandWritten: () => true })).toMatchObject({
      creates: [],
      published: 0,
      adopted: 1,
    });
  });

  it('adds nothing while there are more services than it may make, and keeps what stands', () => {
    const standing = made(['a']);

    const over = plan(['a', 'b', 'c'], { standing }, { maxServices: 2 });

    expect(over).toMatchObject({ creates: [], deletes: [], isOverLimit: true, published: 1 });
  });

  it('deletes at once what the catalog excludes', () => {
    const { deletes } = plan(['web'], { standing: made(['web']), exclude: ['web'] });

    expect(deletes).toHaveLength(1);
  });

  it('deletes an EtcdService whose service goes to another name or namespace', () => {
    const standing = made(['web']).map((object) => ({
      ...object,
      metadata: { ...object.metadata, namespace: 'elsewhere' },
    }));

    expect(plan(['web'], { standing })).toMatchObject({ creates: [{}], deletes: [{}] });
  });

  it('keeps a service that has turned empty, says since when, and deletes it when its time is over', () => {
    const first = plan(['api'], { standing: made(['web', 'api']) });
    const [marked] = first.updates;

    expect(first).toMatchObject({ deletes: [], empty: 1, lookAgainMs: 7 * day });
    expect(marked && emptySince(marked)).toBe(now);

    const standing = [...made(['api']), ...first.updates];
    expect(plan(['api'], { standing, now: now + 7 * day - 1 }).deletes).toEqual([]);
    expect(plan(['api'], { standing, now: now + 7 * day }).deletes).toEqual([marked]);
  });

  it('forgets that a service was empty when it comes back', () => {
    const standing = plan(['api'], { standing: made(['web', 'api']) }).updates;
    const [back] = plan(['web'], { standing }).updates;

    expect(back && emptySince(back)).toBeUndefined();
  });

  it('marks and deletes nothing while the registry cannot be read', () => {
    expect(plan([], { standing: made(['web']), isKnown: false })).toMatchObject({
      updates: [],
      deletes: [],
      empty: 1,
    });
  });

  it('deletes nothing of an empty registry, however long it has been so', () => {
    const standing = plan(['x'], { standing: made(['web']) }).updates;

    expect(plan([], { standing, now: now + 30 * day })).toMatchObject({
      deletes: [],
      keptBecause: 'RegistryEmpty',
    });
  });

  it('does not delete many at once', () => {
    const standing = [...plan(['x'], { standing: made(many(40)) }).updates, ...made(many(100).slice(40))];
    const later = { standing, now: now + 8 * day };

    expect(plan(many(100).slice(40), later)).toMatchObject({ deletes: [], keptBecause: 'TooManyAtOnce' });
  });
});
