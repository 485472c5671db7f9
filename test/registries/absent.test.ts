import { beforeAll, describe, expect, it } from 'vitest';
import { etcdServiceCrd } from '../../src/api/kinds.ts';
import { installCrd, installCrds } from '../kit/crd.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import { grantAsDocumented } from '../kit/registry-plane.ts';
import { Scene } from '../kit/scene.ts';

const leftOut = ['etcd-endpoints-registries', 'etcd-endpoints-catalogs'];

let own: OwnPlane;
let scene: Scene;

beforeAll(async () => {
  own = await startOwnPlane();
  const { plane } = own;
  const { objects, registrar, registry } = own.scene;
  await installCrd(plane.credentials, etcdServiceCrd());
  await grantAsDocumented(objects, (name) => !leftOut.includes(name));
  const { kubeconfigPath: kubeconfig } = await plane.addUser('etcd-endpoints');
  const args = [`--own-namespace=${objects.namespace}`];
  const controller = { etcd: registry.endpoints, kubeconfig, args };
  scene = new Scene({ registry, registrar, objects, controller });
  return async () => {
    await scene.stop();
    await own.stop();
  };
}, 120_000);

/** The EtcdServices of `--etcd` are served; one that names another registry says why it is not. */
async function expectServed(name: string): Promise<void> {
  await scene.defineWith(name, ['10.0.0.1:80']);
  await scene.registrar.put({ [`/services/${name}/more`]: '10.0.0.2:80' });
  await scene.untilPublished(name, ['10.0.0.1:80', '10.0.0.2:80']);
  await scene.define(`${name}-elsewhere`, { registryRef: { name: 'company' } });
  expect(await scene.untilReady(`${name}-elsewhere`, 'Unknown/NotSynced')).toContain('EtcdRegistries');
}

describe('a cluster without what EtcdRegistries and EtcdCatalogs need', () => {
  it('serves the EtcdServices of --etcd without their CRDs', async () => {
    await scene.startController();
    await expectServed('crdless');
  });

  it('serves them without the ClusterRoles for these, and says which right is missing', async () => {
    await installCrds(own.plane.credentials);
    await scene.restartController();
    await expectServed('roleless');
    expect(await scene.untilReady('roleless-elsewhere', 'Unknown/NotSynced')).toContain('grant verb "list"');
  });

  it('serves EtcdRegistries once their ClusterRole has been granted and the controller has started again', async () => {
    const { objects, registry } = scene;
    await grantAsDocumented(objects, (name) => name === 'etcd-endpoints-registries');
    await scene.restartController();
    const { status } = await objects.call('POST', '/apis/etcd-endpoints.io/v1alpha1/etcdregistries', {
      apiVersion: 'etcd-endpoints.io/v1alpha1',
      kind: 'EtcdRegistry',
      metadata: { name: 'company' },
      spec: { endpoints: registry.endpoints },
    });
    expect(status).toBe(201);
    await scene.registrar.put({ '/services/roleless-elsewhere/1': '10.0.0.3:80' });
    await scene.untilPublished('roleless-elsewhere', ['10.0.0.3:80']);
  });
});
