import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { servers } from '../kit/control-plane.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { Manifests } from '../kit/manifests.ts';
import { type Scene, startScene } from '../kit/scene.ts';

/** What Argo CD and Flux put on everything that they apply. */
const tracking = {
  labels: {
    'app.kubernetes.io/instance': 'shop',
    'argocd.argoproj.io/instance': 'shop',
    'kustomize.toolkit.fluxcd.io/name': 'shop',
    'kustomize.toolkit.fluxcd.io/namespace': 'flux-system',
    'helm.toolkit.fluxcd.io/name': 'shop',
  },
  annotations: { 'argocd.argoproj.io/tracking-id': 'shop:etcd-endpoints.io/EtcdService:shop/web' },
};

const foreignDomains = /argocd\.argoproj\.io|toolkit\.fluxcd\.io|app\.kubernetes\.io\/instance/;

let scene: Scene;
let manifests: Manifests;

beforeAll(async () => {
  scene = await startScene();
  manifests = new Manifests(servers().credentials);
});

afterAll(() => scene.stop());

/** A Service that is to be filled, one that is to be made, and their EtcdServices, as they lie in Git. */
function inGit(): readonly AnyObject[] {
  const metadata = (name: string): object => ({ namespace: scene.namespace, name, ...tracking });
  const etcdService = (name: string): object => ({
    apiVersion: 'etcd-endpoints.io/v1alpha1',
    kind: 'EtcdService',
    metadata: metadata(name),
    spec: { prefix: `/services/${name}`, ports: [{ port: 80 }] },
  });
  const filled = {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata('filled'), labels: { ...tracking.labels, team: 'shop' } },
    spec: { ports: [{ port: 80 }] },
  };
  return [filled, etcdService('filled'), etcdService('made')];
}

async function marksOfWhatWeMade(): Promise<readonly string[]> {
  const slices = [...(await scene.slices('filled')), ...(await scene.slices('made'))];
  const endpoints = [
    await scene.objects.get('endpoints', 'filled'),
    await scene.objects.get('endpoints', 'made'),
  ];
  const objects = [...slices, ...endpoints, await scene.objects.get('services', 'made')];
  expect(objects).not.toContain(undefined);
  return objects.flatMap(({ metadata: { labels = {}, annotations = {} } }) => [
    ...Object.keys(labels),
    ...Object.entries<string>(annotations).flat(),
  ]);
}

describe('objects that a GitOps tool applies', () => {
  it('are healthy without instances, and lend nothing that tracks them to what we make', async () => {
    await manifests.applyAll(inGit(), { fieldManager: 'argocd-controller' });
    await scene.untilReady('filled');
    await scene.untilReady('made');
    expect(await scene.condition('made', 'HasEndpoints')).toBe('False/NoInstances');

    await scene.registrar.put({ '/services/filled/1': '10.0.0.1:80', '/services/made/1': '10.0.0.1:80' });
    await scene.untilPublished('filled', ['10.0.0.1:80']);
    await scene.untilPublished('made', ['10.0.0.1:80']);
    const marks = await marksOfWhatWeMade();
    expect(marks).toContain('team');
    expect(marks.filter((mark) => foreignDomains.test(mark))).toEqual([]);
  });

  it('do not change when they are applied again, by one tool or by the other', async () => {
    await scene.controller.untilIdle();
    await manifests.applyAll(inGit(), { fieldManager: 'kustomize-controller' });
    await scene.controller.untilIdle();
    const before = await scene.versions();
    for (const fieldManager of ['argocd-controller', 'kustomize-controller']) {
      await manifests.applyAll(inGit(), { fieldManager });
      // As tools find out whether something has drifted.
      for (const object of inGit()) {
        const live = await manifests.get(object);
        const applied = await manifests.apply(object, { fieldManager, dryRun: true });
        expect(applied.metadata.resourceVersion).toBe(live.metadata.resourceVersion);
        expect(applied.spec).toEqual(live.spec);
        expect(applied.metadata.labels).toEqual(live.metadata.labels);
      }
    }
    await scene.controller.untilIdle();
    expect(await scene.versions()).toEqual(before);
  });
});
