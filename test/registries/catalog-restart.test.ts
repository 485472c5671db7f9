import { beforeAll, expect, it } from 'vitest';
import type { CatalogConditionType } from '../../src/api/catalog-reasons.ts';
import type { EtcdCatalogInput } from '../../src/api/etcd-catalog.ts';
import { auditOf } from '../kit/audit.ts';
import { ClusterObjects } from '../kit/cluster-objects.ts';
import { eventually } from '../kit/eventually.ts';
import { type RegistryPlane, startRegistryPlane } from '../kit/registry-plane.ts';
import type { Scene } from '../kit/scene.ts';

const LOOK = { timeoutMs: 30_000, intervalMs: 100 };

let plane: RegistryPlane;
let tenant: Scene;
let catalogs: ClusterObjects<EtcdCatalogInput, CatalogConditionType>;

beforeAll(async () => {
  plane = await startRegistryPlane();
  catalogs = new ClusterObjects(plane.own.objects, { kind: 'EtcdCatalog', plural: 'etcdcatalogs' });
  tenant = await plane.newTenant();
  await plane.registries.create('company', {
    endpoints: [...plane.own.registry.endpoints],
    grants: [{ namespaces: { selector: {} }, prefixes: ['/'] }],
  });
  return () => plane.stop();
}, 120_000);

/** One that publishes, with a service of each fate; one that observes; and one that cannot begin. */
async function defineEveryKind(): Promise<void> {
  const { registrar, registry } = plane.own;
  const spec = {
    registryRef: { name: 'company' },
    pattern: '/services/{service}/{instance}',
    namespaces: [{ name: tenant.namespace }],
    template: { spec: { ports: [{ port: 80 }] } },
  };
  const keys = ['web', 'api', 'gone', 'a.b', 'a-b', '...', 'hand'].map((name) => `/services/${name}/1`);
  await tenant.define('hand', { registryRef: { name: 'company' } });
  await registrar.put(Object.fromEntries(keys.map((key) => [key, '10.0.0.1:80'])));
  await catalogs.create('publishing', { ...spec, exclude: ['api'] });
  await tenant.untilReady('gone');
  await registry.etcdctl(['del', '--prefix', '/services/gone/']);
  // A controller that starts without knowing why it went would hold what still stands of it.
  await tenant.untilPublished('gone', []);
  await catalogs.create('observing', { ...spec, mode: 'Observe' });
  await catalogs.create('nowhere', { ...spec, registryRef: { name: 'nobody' } });
}

async function untilTold(): Promise<void> {
  await catalogs.untilCondition('publishing', 'Ready', 'True/Published');
  await catalogs.untilCondition('observing', 'Ready', 'Unknown/Observing');
  await catalogs.untilCondition('nowhere', 'Ready', 'False/RegistryNotFound');
  await eventually(async () => {
    const { services } = (await catalogs.get('publishing')).status;
    expect(services).toMatchObject({ found: 6, published: 2, adopted: 1, leftOut: 3, empty: 1 });
  }, LOOK);
  await tenant.untilReady('web');
  await tenant.untilReady('gone');
  await plane.registries.untilCondition('company', 'Synced', 'True/Synced');
  await plane.controller.untilIdle();
}

it('EtcdCatalogs and what they have made are left as they are by a controller that starts again', async () => {
  await defineEveryKind();
  await untilTold();
  const before = await tenant.versions();

  await plane.restartController();
  const { controller } = plane;
  await eventually(async () => {
    const looks = { controller: 'etcdcatalog' };
    expect(await controller.metric('controller_runtime_reconcile_total', looks)).toBeGreaterThanOrEqual(9);
    expect(await controller.metric('etcd_endpoints_endpoints')).toBe(3);
  }, LOOK);
  await controller.untilIdle();

  const writes = await auditOf(controller, plane.auditLog);
  expect(writes.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`)).toEqual([]);
  expect(await tenant.versions()).toEqual(before);

  // Not because it is asleep.
  await plane.own.registrar.put({ '/services/late/1': '10.0.0.2:80' });
  await tenant.untilPublished('late', ['10.0.0.2:80']);
}, 120_000);
