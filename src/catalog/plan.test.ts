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
  pruneAfterSeconds: (7 * day) / 1000,
};

function found(service: string): FoundService {
  return { service, values: { service }, source: `/services/${service}/`, keys: 1 };
}

type Parts = Partial<Omit<CatalogState, 'assignment'>> & {
  readonly exclude?: readonly string[];
  /** Where services go. */
  readonly into?: string;
  readonly granted?: boolean;
};

function plan(
  services: readonly string[],
  { exclude, into = 'shop', granted = true, ...state }: Parts = {},
  changes: Partial<CatalogWish> = {},
): CatalogPlan {
  const assignment = assign(
    services.map(found),
    { namespaces: [{ name: into }], exclude },
    {
      hasNamespace: () => true,
      mayRead: () => granted,
      standingSource: () => undefined,
      rival: () => undefined,
    },
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

  it('moves a service that goes to another namespace, and the old EtcdService goes for the new one', () => {
    const standing = made(['web']);

    expect(plan(['web'], { standing, into: 'elsewhere' })).toMatchObject({
      creates: [{ metadata: { namespace: 'elsewhere' } }],
      moves: [{ from: standing[0], to: 'elsewhere/web' }],
      deletes: [],
    });
  });

  it('moves nothing while there are more services than it may make', () => {
    const standing = made(['a', 'b', 'c']);
    const over = plan(['a', 'b', 'c'], { standing, into: 'elsewhere' }, { maxServices: 2 });

    expect(over).toMatchObject({ creates: [], moves: [], deletes: [], kept: 3, isOverLimit: true });
  });

  it('keeps what a withdrawn grant leaves out, however long, and forgets that it was empty before', () => {
    const standing = plan(['x'], { standing: made(['web']) }).updates;
    const withdrawn = plan(['web', 'x'], { standing, granted: false, now: now + 30 * day });

    expect(withdrawn).toMatchObject({ deletes: [], kept: 1, empty: 0 });
    expect(withdrawn.updates.map(emptySince)).toEqual([undefined]);
  });

  it('leaves a copy alone that somebody has made of an EtcdService', () => {
    const copies = made(['web']).map((object) => ({
      ...object,
      metadata: { ...object.metadata, name: 'copy' },
    }));
    const standing = [...made(['web']), ...copies];

    const nothing = { updates: [], deletes: [], moves: [], copies: 1 };
    expect(plan(['web'], { standing })).toMatchObject(nothing);
    expect(plan(['x', 'web'], { standing, exclude: ['web'] })).toMatchObject({ ...nothing, deletes: [{}] });
  });

  it('takes back labels and annotations that the template has lost, and none of others', () => {
    const metadata = { labels: { team: 'shop', tier: 'a' }, annotations: { note: 'x' } };
    const standing = plan(['web'], {}, { template: templateOf({ metadata }) }).creates.map((object) => ({
      ...object,
      metadata: { ...object.metadata, annotations: { ...object.metadata.annotations, other: 'y' } },
    }));

    const [after] = plan(['web'], { standing }, { template: templateOf({}) }).updates;

    expect(after?.metadata.labels).toEqual({ [catalogLabel]: 'company' });
    expect(Object.keys(after?.metadata.annotations ?? {}).sort()).toEqual([
      'etcd-endpoints.io/catalog-applied',
      'other',
    ]);
  });

  it('does not let copies move the limit on what may go at once', () => {
    const standing = plan(['x'], { standing: made(many(20)) }).updates;
    const copies = made(many(100)).map((object) => ({
      ...object,
      metadata: { ...object.metadata, namespace: 'tenant' },
    }));
    const later = { standing: [...standing, ...copies], now: now + 8 * day };

    expect(plan(['x'], later)).toMatchObject({ deletes: [], keptBecause: 'TooManyAtOnce' });
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
