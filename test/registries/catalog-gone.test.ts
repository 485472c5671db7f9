import { beforeAll, expect, it } from 'vitest';
import type { CatalogConditionType } from '../../src/api/catalog-reasons.ts';
import type { EtcdCatalogInput } from '../../src/api/etcd-catalog.ts';
import { etcdCatalogCrd } from '../../src/api/kinds.ts';
import { ClusterObjects } from '../kit/cluster-objects.ts';
import { eventually } from '../kit/eventually.ts';
import { type RegistryPlane, startRegistryPlane } from '../kit/registry-plane.ts';
import type { Scene } from '../kit/scene.ts';

const LOOK = { timeoutMs: 40_000, intervalMs: 50 };
const crds = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
const crd = etcdCatalogCrd();

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

async function createCatalog(): Promise<void> {
  await catalogs.create('company', {
    registryRef: { name: 'company' },
    pattern: '/services/{service}/{instance}',
    namespaces: [{ name: tenant.namespace }],
    template: { spec: { ports: [{ port: 80 }] } },
  });
}

/** As `kubectl replace --force` does it. */
async function reinstallCrd(): Promise<void> {
  const { objects } = plane.own;
  const path = `${crds}/${crd.metadata.name}`;
  await objects.call('DELETE', path);
  await eventually(async () => expect((await objects.call('GET', path)).status).toBe(404), LOOK);
  const { status, json } = await objects.call('POST', crds, crd);
  expect(status, JSON.stringify(json)).toBe(201);
}

/** The names of the EtcdServices, and whether each is marked as one whose time runs. */
async function marks(): Promise<Readonly<Record<string, boolean>>> {
  const etcdServices = await tenant.objects.list('etcdservices');
  return Object.fromEntries(
    etcdServices.map(({ metadata: { name, annotations } }) => [
      name,
      'etcd-endpoints.io/empty-since' in annotations,
    ]),
  );
}

it('EtcdServices stay where the CRD of EtcdCatalogs is deleted and installed again, and have a catalog again with the next of its name', async () => {
  await plane.own.registrar.put({
    '/services/web/1': '10.0.0.1:80',
    '/services/api/1': '10.0.0.2:80',
  });
  await createCatalog();
  await catalogs.untilCondition('company', 'Ready', 'True/Published');
  expect(await marks()).toEqual({ api: false, web: false });

  await reinstallCrd();

  await eventually(async () => expect(await marks()).toEqual({ api: true, web: true }), LOOK);
  await eventually(createCatalog, LOOK);
  await eventually(async () => expect(await marks()).toEqual({ api: false, web: false }), LOOK);
}, 120_000);
