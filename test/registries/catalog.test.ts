import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { CatalogConditionType } from '../../src/api/catalog-reasons.ts';
import type { EtcdCatalogInput } from '../../src/api/etcd-catalog.ts';
import { auditOf } from '../kit/audit.ts';
import { ClusterObjects } from '../kit/cluster-objects.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type RegistryPlane, startRegistryPlane } from '../kit/registry-plane.ts';
import type { Scene } from '../kit/scene.ts';

const LOOK = { timeoutMs: 20_000, intervalMs: 50 };

let plane: RegistryPlane;
let catalogs: ClusterObjects<EtcdCatalogInput, CatalogConditionType>;

beforeAll(async () => {
  plane = await startRegistryPlane();
  catalogs = new ClusterObjects(plane.own.objects, { kind: 'EtcdCatalog', plural: 'etcdcatalogs' });
  await plane.registries.create('company', {
    endpoints: [...plane.own.registry.endpoints],
    grants: [{ namespaces: { selector: {} }, prefixes: ['/{namespace}', '/open'] }],
  });
}, 120_000);

afterAll(() => plane.stop());

let count = 0;

interface Stage {
  readonly tenant: Scene;
  /** Name of the catalog. */
  readonly name: string;
}

/** A tenant, instances of services below a root of its own, and a catalog that puts those services into its namespace. */
async function stage(
  services: Readonly<Record<string, readonly string[]>>,
  spec: Partial<EtcdCatalogInput> = {},
): Promise<Stage> {
  count += 1;
  const name = `catalog-${count}`;
  const tenant = await plane.newTenant();
  await register(tenant, services);
  await catalogs.create(name, {
    registryRef: { name: 'company' },
    pattern: `/${tenant.namespace}/{service}/{instance}`,
    namespaces: [{ name: tenant.namespace }],
    template: { spec: { ports: [{ port: 80 }] } },
    ...spec,
  });
  return { tenant, name };
}

async function register(tenant: Scene, services: Readonly<Record<string, readonly string[]>>): Promise<void> {
  const keys = Object.entries(services).flatMap(([service, values]) =>
    values.map((value, index) => [`/${tenant.namespace}/${service}/${index}`, value] as const),
  );
  await plane.own.registrar.put(Object.fromEntries(keys));
}

async function portsIn(tenant: Scene): Promise<Readonly<Record<string, readonly string[]>>> {
  const services = await tenant.objects.list('services');
  return Object.fromEntries(
    services.map(({ metadata, spec: { ports = [] } }) => [
      metadata.name,
      ports.map(({ name = '', port }: AnyObject) => `${name}:${port}`).sort(),
    ]),
  );
}

async function namesOf(tenant: Scene): Promise<readonly string[]> {
  return (await tenant.objects.list('etcdservices')).map(({ metadata }) => metadata.name).sort();
}

async function untilNamed(tenant: Scene, wanted: readonly string[]): Promise<void> {
  await eventually(async () => expect(await namesOf(tenant)).toEqual(wanted), LOOK);
}

async function untilCounted(name: string, wanted: Readonly<Record<string, number>>): Promise<AnyObject> {
  return await eventually(async () => {
    const { status } = await catalogs.get(name);
    expect(status?.services).toMatchObject(wanted);
    return status;
  }, LOOK);
}

/** A quota without room for a single EtcdService, with the status that no controller of Kubernetes is there to write. */
async function forbidEtcdServices({ objects }: Scene): Promise<void> {
  const hard = { 'count/etcdservices.etcd-endpoints.io': '0' };
  await objects.create('resourcequotas', 'none', { spec: { hard } });
  const filled = (quota: AnyObject): void => {
    quota.status = { hard, used: hard };
  };
  await objects.change('resourcequotas', 'none', filled, 'status');
}

describe.concurrent('a catalog', () => {
  it('publishes every service of a registry as a headless Service, and those that come later', async () => {
    const { tenant, name } = await stage({ web: ['10.0.0.1:80'], 'user.rpc': ['10.0.0.2:80'] });

    await tenant.untilPublished('web', ['10.0.0.1:80']);
    await tenant.untilPublished('user-rpc', ['10.0.0.2:80']);
    expect((await tenant.objects.get('services', 'web')).spec.clusterIP).toBe('None');
    await catalogs.untilCondition(name, 'Ready', 'True/Published');

    await register(tenant, { late: ['10.0.0.3:80'] });
    await tenant.untilPublished('late', ['10.0.0.3:80']);
    await untilCounted(name, { found: 3, published: 3, leftOut: 0 });
  });

  it('makes Services that have the ports that their own registrations announce with portsFrom', async () => {
    const json = { address: '.ip', ports: { http: '.http', pg: '.pg' } };
    const { tenant } = await stage(
      {
        web: ['{"ip":"10.0.0.1","http":8080}', '{"ip":"10.0.0.2","http":8080}'],
        db: ['{"ip":"10.0.0.3","pg":5432}'],
      },
      { template: { spec: { portsFrom: 'Registrations', format: 'json', json } } },
    );
    await eventually(
      async () => expect(await portsIn(tenant)).toEqual({ web: ['http:8080'], db: ['pg:5432'] }),
      LOOK,
    );
    await tenant.untilPublished('db', ['10.0.0.3:5432 (pg)']);
    await tenant.untilPublished('web', ['10.0.0.1:8080 (http)', '10.0.0.2:8080 (http)']);
  });

  it('writes each EtcdService once where only instances and other services change', async () => {
    const { tenant, name } = await stage({ web: ['10.0.0.1:80'] });
    await tenant.untilReady('web');

    await register(tenant, { web: ['10.0.0.1:80', '10.0.0.2:80'], other: ['10.0.0.3:80'] });
    await tenant.untilPublished('web', ['10.0.0.1:80', '10.0.0.2:80']);
    await tenant.untilReady('other');
    await untilCounted(name, { published: 2 });

    const writes = await auditOf(plane.controller, plane.auditLog);
    const own = writes.filter(({ namespace }) => namespace === tenant.namespace);
    expect(own.filter(({ resource }) => resource === 'etcdservices')).toMatchObject([
      { verb: 'create', name: 'web' },
      { verb: 'create', name: 'other' },
    ]);
  });

  it('follows its template, and puts right what somebody changes', async () => {
    const { tenant, name } = await stage({ web: ['10.0.0.1:80'] });
    await tenant.untilReady('web');

    await catalogs.change(name, {
      template: { metadata: { labels: { team: 'shop' } }, spec: { ports: [{ port: 81 }] } },
    });
    await eventually(async () => {
      const { metadata, spec } = await tenant.objects.get('etcdservices', 'web');
      expect(metadata.labels).toMatchObject({ team: 'shop' });
      expect(spec.ports).toMatchObject([{ port: 81 }]);
    }, LOOK);

    await tenant.redefine('web', { prefix: '/elsewhere' });
    await eventually(async () => {
      const { spec } = await tenant.objects.get('etcdservices', 'web');
      expect(spec.prefix).toBe(`/${tenant.namespace}/web`);
    }, LOOK);
  });

  it('leaves an EtcdService alone that was written by hand', async () => {
    const { tenant, name } = await stage({ web: ['10.0.0.1:80'] }, { exclude: ['web'] });
    const spec = { registryRef: { name: 'company' }, prefix: `/${tenant.namespace}/web` };
    await tenant.define('web', { ...spec, ports: [{ port: 8080 }] });
    await catalogs.change(name, { exclude: [] });

    await untilCounted(name, { found: 1, published: 0, adopted: 1 });
    const { metadata, spec: kept } = await tenant.objects.get('etcdservices', 'web');
    expect(metadata.labels).toBeUndefined();
    expect(kept.ports).toMatchObject([{ port: 8080 }]);
  });

  it('takes away what it excludes, and all when it is deleted itself', async () => {
    const { tenant, name } = await stage({ web: ['10.0.0.1:80'], api: ['10.0.0.2:80'] });
    await untilNamed(tenant, ['api', 'web']);

    await catalogs.change(name, { exclude: ['w*'] });
    await untilNamed(tenant, ['api']);

    await catalogs.delete(name);
    await untilNamed(tenant, []);
  });

  it('keeps the Service of a service that turns empty, and deletes it when its time is over', async () => {
    const { tenant, name } = await stage({ web: ['10.0.0.1:80'], api: ['10.0.0.2:80'] });
    await untilNamed(tenant, ['api', 'web']);

    await plane.own.registry.etcdctl(['del', '--prefix', `/${tenant.namespace}/web/`]);
    await untilCounted(name, { found: 1, empty: 1 });
    expect(await namesOf(tenant)).toEqual(['api', 'web']);

    await catalogs.change(name, { pruneAfterSeconds: 0 });
    await untilNamed(tenant, ['api']);
  });

  it('deletes nothing of a registry that is empty all of a sudden', async () => {
    const { tenant, name } = await stage({ web: ['10.0.0.1:80'] }, { pruneAfterSeconds: 0 });
    await untilNamed(tenant, ['web']);

    await plane.own.registry.etcdctl(['del', '--prefix', `/${tenant.namespace}/`]);

    await catalogs.untilCondition(name, 'PruningHeld', 'True/RegistryEmpty');
    expect(await namesOf(tenant)).toEqual(['web']);
  });

  it('adds nothing beyond maxServices', async () => {
    const { tenant, name } = await stage(
      { a: ['10.0.0.1:80'], b: ['10.0.0.2:80'], c: ['10.0.0.3:80'] },
      { maxServices: 2 },
    );

    await catalogs.untilCondition(name, 'Ready', 'False/TooManyServices');
    expect(await namesOf(tenant)).toEqual([]);

    await catalogs.change(name, { maxServices: 3 });
    await untilNamed(tenant, ['a', 'b', 'c']);
  });

  it('only tells what it would do in Observe', async () => {
    const { tenant, name } = await stage({ web: ['10.0.0.1:80'] }, { mode: 'Observe' });

    await catalogs.untilCondition(name, 'Ready', 'Unknown/Observing');
    expect((await catalogs.get(name)).status.pending).toEqual({ create: 1, update: 0, delete: 0 });
    expect(await namesOf(tenant)).toEqual([]);

    await catalogs.change(name, { mode: 'Publish' });
    await untilNamed(tenant, ['web']);
  });

  it('sends services to the namespaces that their keys name, and says which it leaves out and why', async () => {
    const [prod, stageOne] = [await plane.newTenant(), await plane.newTenant()];
    const root = `/open/${prod.namespace}`;
    await plane.own.registrar.put({
      [`${root}/prod/web/1`]: '10.0.0.1:80',
      [`${root}/${stageOne.namespace}/web/1`]: '10.0.0.2:80',
      [`${root}/nowhere/web/1`]: '10.0.0.3:80',
      [`${root}/prod/.../1`]: '10.0.0.4:80',
      [`${root}/prod/a_b/1`]: '10.0.0.5:80',
      [`${root}/prod/a.b/1`]: '10.0.0.6:80',
      [`${root}/prod`]: 'no service',
    });
    await catalogs.create('by-environment', {
      registryRef: { name: 'company' },
      pattern: `${root}/{env}/{service}/{instance}`,
      namespaces: [{ match: { env: 'prod' }, name: prod.namespace }, { name: '{env}' }],
      template: { spec: { ports: [{ port: 80 }] } },
    });

    await prod.untilPublished('web', ['10.0.0.1:80']);
    await stageOne.untilPublished('web', ['10.0.0.2:80']);
    await prod.untilPublished('a-b', ['10.0.0.6:80']);
    const message = await catalogs.untilCondition('by-environment', 'AllPublished', 'False/SomeLeftOut');
    expect(message).toBe('Left out: 1 InvalidName, 1 NameCollision, 1 NamespaceNotFound');
    const status = await untilCounted('by-environment', { found: 6, published: 3, unmatchedKeys: 1 });
    expect(status.leftOut).toContainEqual({ service: 'web', reason: 'NamespaceNotFound', about: 'nowhere' });
  });

  it('publishes nothing in a namespace that the registry grants nothing to', async () => {
    const [a, b] = [await plane.newTenant(), await plane.newTenant()];
    await register(a, { web: ['10.0.0.1:80'] });
    await catalogs.create('not-granted', {
      registryRef: { name: 'company' },
      pattern: `/${a.namespace}/{service}/{instance}`,
      namespaces: [{ name: b.namespace }],
      template: { spec: { ports: [{ port: 80 }] } },
    });

    const message = await catalogs.untilCondition('not-granted', 'AllPublished', 'False/SomeLeftOut');
    expect(message).toBe('Left out: 1 NotGranted');
    expect(await namesOf(b)).toEqual([]);
  });

  it('leaves a name to the catalog that has it, and says which that is', async () => {
    const { tenant, name } = await stage({ web: ['10.0.0.1:80'] });
    await tenant.untilReady('web');
    await catalogs.create(`${name}-other`, {
      registryRef: { name: 'company' },
      pattern: `/${tenant.namespace}/{service}/{instance}`,
      namespaces: [{ name: tenant.namespace }],
      template: { spec: { ports: [{ port: 80 }] } },
    });

    const status = await untilCounted(`${name}-other`, { found: 1, published: 0, adopted: 0, leftOut: 1 });
    const about = `${tenant.namespace}/web of EtcdCatalog ${name}`;
    expect(status.leftOut).toEqual([{ service: 'web', reason: 'NameCollision', about }]);
  });

  it('makes all others where one namespace refuses its EtcdServices, and keeps those that could not move there', async () => {
    const [full, free] = [await plane.newTenant(), await plane.newTenant()];
    await forbidEtcdServices(full);
    const root = `/open/${full.namespace}`;
    const instances = (env: string): (readonly [string, string])[] =>
      Array.from({ length: 12 }, (_, index) => [`${root}/${env}/s${index}/1`, '10.0.0.1:80'] as const);
    await plane.own.registrar.put(Object.fromEntries([...instances('full'), ...instances('free')]));
    const spec = {
      registryRef: { name: 'company' },
      pattern: `${root}/{env}/{service}/{instance}`,
      template: { spec: { ports: [{ port: 80 }] } },
    };
    const rules = [
      { match: { env: 'full' }, name: full.namespace },
      { match: { env: 'free' }, name: free.namespace },
    ];
    await catalogs.create('partly-refused', { ...spec, namespaces: rules });

    const message = await catalogs.untilCondition('partly-refused', 'Ready', 'False/WriteFailed');
    expect(message).toContain('12 writes were refused');
    await untilCounted('partly-refused', { found: 24, published: 12 });
    expect(await namesOf(free)).toHaveLength(12);

    await catalogs.change('partly-refused', {
      namespaces: [{ match: { env: 'free' }, name: full.namespace }],
      exclude: ['s1'],
    });
    await untilNamed(
      free,
      Array.from({ length: 12 }, (_, index) => `s${index}`)
        .filter((name) => name !== 's1')
        .sort(),
    );
    await catalogs.untilCondition('partly-refused', 'Ready', 'False/WriteFailed');
    expect(await namesOf(free)).toHaveLength(11);
  });

  it('says which registry is missing, and what is wrong with its template', async () => {
    const { name } = await stage({ web: ['10.0.0.1:80'] }, { registryRef: { name: 'nobody' } });
    await catalogs.untilCondition(name, 'Ready', 'False/RegistryNotFound');

    await catalogs.change(name, {
      registryRef: { name: 'company' },
      template: { spec: { ports: [{ port: 80 }, { port: 81 }] } },
    });
    const message = await catalogs.untilCondition(name, 'Ready', 'False/InvalidSpec');
    expect(message).toContain('spec.template: spec.ports each of several ports needs a name');
  });
});

describeNeeding('server >= 1.25', 'the apiserver', () => {
  it.each([
    ['/a/{env}/{instance}', 'needs the part {service}'],
    ['/a/{service}/{service}', 'each {name} may stand once'],
    ['/a/{instance}/{service}', 'can have {instance} as its last part alone'],
    ['/a/x-{service}', 'must be a {name} or a text without braces'],
  ])('refuses a catalog with the pattern %s', async (pattern, problem) => {
    const { status, json } = await catalogs.tryCreate('refused', { pattern, namespaces: [{ name: 'shop' }] });

    expect(status).toBe(422);
    expect(json.message).toContain(problem);
  });

  it.each([
    ['a namespace that no key names', { namespaces: [{ name: 'shop{typo}' }] }, 'may have in name only'],
    [
      'a match that no key can have',
      { namespaces: [{ match: { evn: 'a' }, name: 'b' }] },
      'may have in match only',
    ],
    [
      'an annotation of our own in its template',
      { template: { metadata: { annotations: { 'etcd-endpoints.io/empty-since': 'x' } } } },
      'must have none that begins with etcd-endpoints.io/',
    ],
  ])('refuses a catalog with %s', async (_, spec, problem) => {
    const { status, json } = await catalogs.tryCreate('refused', {
      pattern: '/a/{env}/{service}/{instance}',
      namespaces: [{ name: 'shop' }],
      ...spec,
    });

    expect(status).toBe(422);
    expect(json.message).toContain(problem);
  });
});
