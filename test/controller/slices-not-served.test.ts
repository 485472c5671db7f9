import { beforeAll, describe, expect, it } from 'vitest';
import { servers } from '../kit/control-plane.ts';
import { installCrd } from '../kit/crd.ts';
import { startEtcd } from '../kit/etcd-process.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { lackingApiserver } from '../kit/lacking-apiserver.ts';
import { createNamespace } from '../kit/namespace.ts';
import { Registrar } from '../kit/registrar.ts';
import { Scene } from '../kit/scene.ts';

let scene: Scene;

beforeAll(async () => {
  await installCrd();
  const { credentials } = servers();
  const [registry, { name: namespace }, apiserver] = await Promise.all([
    startEtcd(),
    createNamespace('older'),
    lackingApiserver(credentials, '/apis/discovery.k8s.io/v1'),
  ]);
  const { kubeconfigPath: kubeconfig } = apiserver;
  scene = new Scene({
    registry,
    registrar: new Registrar(registry),
    objects: new KubeObjects(credentials, namespace),
    controller: { etcd: registry.endpoints, kubeconfig, namespaces: [namespace] },
  });
  await scene.startController();
  return async () => {
    await scene.stop();
    await apiserver.stop();
  };
});

describe('a cluster that does not serve discovery.k8s.io/v1', () => {
  it('has Endpoints alone, left to Kubernetes to be mirrored', async () => {
    await scene.defineWith('web', ['10.0.0.1:80']);
    await scene.defineWith('both', ['10.0.0.1:80'], { publish: ['Endpoints', 'EndpointSlice'] });
    for (const name of ['web', 'both']) {
      expect(await scene.published(name)).toEqual(['10.0.0.1:80']);
      const { metadata } = await scene.objects.get('endpoints', name);
      expect(metadata.labels).not.toHaveProperty('endpointslice.kubernetes.io/skip-mirror');
    }
  });

  it('is spoken of once', () => {
    expect(scene.controller.linesWith({ reason: 'SlicesNotServed', level: 'warn' })).toHaveLength(1);
  });

  it('refuses an EtcdService that asks for slices alone, with the reason, until it asks for Endpoints', async () => {
    await scene.registrar.put({ '/services/alone/1': '10.0.0.1:80' });
    await scene.define('alone', { publish: ['EndpointSlice'] });
    expect(await scene.untilReady('alone', 'False/SlicesNotServed')).toContain('discovery.k8s.io/v1');
    await scene.untilEvent('alone', 'Warning SlicesNotServed');
    expect(await scene.published('alone')).toEqual([]);
    await scene.redefine('alone', { publish: ['Endpoints'] });
    await scene.untilReady('alone');
    await scene.untilPublished('alone', ['10.0.0.1:80']);
  });

  it('fills a Service of somebody else, too', async () => {
    await scene.objects.create('services', 'theirs', { spec: { ports: [{ port: 80 }] } });
    await scene.defineWith('theirs', ['10.0.0.1:80'], { ports: undefined });
    expect(await scene.published('theirs')).toEqual(['10.0.0.1:80']);
  });

  it('has nothing written when the controller starts again', async () => {
    const resourceVersion = async (): Promise<string> =>
      (await scene.objects.get('endpoints', 'web')).metadata.resourceVersion;
    const before = await resourceVersion();
    await scene.restartController();
    await scene.defineWith('witness', ['10.0.0.1:80']);
    await scene.controller.untilIdle();
    expect(await resourceVersion()).toBe(before);
  });
});
