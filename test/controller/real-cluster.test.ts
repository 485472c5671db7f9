import { beforeAll, describe, expect, it } from 'vitest';
import { startControllerManager } from '../../dev/control-plane/controller-manager.ts';
import { servers } from '../kit/control-plane.ts';
import { installCrd } from '../kit/crd.ts';
import { eventually } from '../kit/eventually.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import { addressesOf, type Scene } from '../kit/scene.ts';

/** Kubernetes's own controllers take a moment to begin, and theirs is not our pace. */
const PATIENCE = { timeoutMs: 40_000, intervalMs: 100 };

describeNeeding('kube-controller-manager', 'beside the controllers of Kubernetes', () => {
  let own: OwnPlane;
  let scene: Scene;

  beforeAll(async () => {
    own = await startOwnPlane();
    ({ scene } = own);
    await installCrd(own.plane.credentials);
    const manager = await startControllerManager(servers().binaries, own.plane.credentials, [
      'garbagecollector',
      'endpoint',
      'endpointslice',
      'endpointslicemirroring',
      'namespace',
    ]);
    await scene.startController();
    return async () => {
      await manager.stop();
      await own.stop();
    };
  });

  const gone = (plural: string, name: string, where = scene): Promise<void> =>
    eventually(async () => expect(await where.objects.get(plural, name)).toBeUndefined(), PATIENCE);

  const slicesOf = async (name: string): Promise<readonly string[]> => {
    const slices = await scene.objects.list('endpointslices');
    return slices
      .filter(({ metadata }) => metadata.labels['kubernetes.io/service-name'] === name)
      .flatMap(({ endpoints }) => endpoints ?? [])
      .flatMap(({ addresses }) => addresses)
      .toSorted();
  };

  describe('what is published', () => {
    it('is mirrored into EndpointSlices, which kube-proxy reads, where it is Endpoints alone', async () => {
      await scene.defineWith('mirrored', ['10.0.0.1:80', '10.0.0.2:80'], { publish: ['Endpoints'] });
      await eventually(
        async () => expect(await slicesOf('mirrored')).toEqual(['10.0.0.1', '10.0.0.2']),
        PATIENCE,
      );
      await scene.registrar.delete('/services/mirrored/1');
      await eventually(async () => expect(await slicesOf('mirrored')).toEqual(['10.0.0.2']), PATIENCE);
    });

    it('is collected with its EtcdService, unless it is retained', async () => {
      await scene.defineWith('retained', ['10.0.0.1:80'], { service: { deletionPolicy: 'Retain' } });
      await scene.defineWith('collected', ['10.0.0.1:80']);
      await scene.objects.delete('etcdservices', 'retained');
      await scene.objects.delete('etcdservices', 'collected');
      await gone('services', 'collected');
      await gone('endpoints', 'collected');
      expect(await scene.objects.get('services', 'retained')).toBeDefined();
      expect(await scene.published('retained')).toEqual(['10.0.0.1:80']);
    });

    it('is collected also where the deletion is in the foreground, and not made again meanwhile', async () => {
      await scene.defineWith('foreground', ['10.0.0.1:80']);
      const path = `/apis/etcd-endpoints.io/v1alpha1/namespaces/${scene.namespace}/etcdservices/foreground`;
      await scene.objects.call('DELETE', path, { propagationPolicy: 'Foreground' });
      await gone('etcdservices', 'foreground');
      await gone('services', 'foreground');
      await gone('endpoints', 'foreground');
    });

    it('belongs to an EtcdService that was deleted and made again, whatever was collected meanwhile', async () => {
      await scene.defineWith('phoenix', ['10.0.0.1:80']);
      await scene.objects.delete('etcdservices', 'phoenix');
      const { metadata } = await scene.define('phoenix');
      await scene.untilReady('phoenix');
      await eventually(async () => {
        for (const plural of ['services', 'endpoints']) {
          const object = await scene.objects.get(plural, 'phoenix');
          expect(object?.metadata.ownerReferences).toMatchObject([{ uid: metadata.uid }]);
          expect(object.metadata).not.toHaveProperty('deletionTimestamp');
        }
        expect(await scene.published('phoenix')).toEqual(['10.0.0.1:80']);
      }, PATIENCE);
    });

    it('passes to the younger EtcdService in place, and no watcher sees it without addresses', async () => {
      await scene.defineWith('elder', ['10.0.0.1:80'], { service: { name: 'shared' } });
      const { metadata } = await scene.objects.get('etcdservices', 'elder');
      await eventually(() =>
        expect(Date.now()).toBeGreaterThan(Date.parse(metadata.creationTimestamp) + 1000),
      );
      await scene.registrar.put({ '/services/younger/1': '10.0.0.2:80' });
      await scene.define('younger', { service: { name: 'shared' } });
      await scene.untilReady('younger', 'False/ServiceConflict');
      await eventually(async () => {
        const endpoints = await scene.objects.get('endpoints', 'shared');
        expect(endpoints.metadata.ownerReferences).toHaveLength(2);
      });
      const service = await scene.objects.get('services', 'shared');
      const watch = await scene.objects.watch('endpoints', 'shared');
      await scene.objects.delete('etcdservices', 'elder');
      await scene.untilReady('younger');
      // The collector has looked at all that the elder owned once it has taken another thing of its time.
      await scene.defineWith('witness', ['10.0.0.1:80']);
      await scene.objects.delete('etcdservices', 'witness');
      await gone('services', 'witness');
      await gone('endpoints', 'witness');
      watch.end();
      expect(watch.states.map(addressesOf)).not.toContainEqual([]);
      expect(await scene.published('shared')).toEqual(['10.0.0.2:80']);
      const after = await scene.objects.get('services', 'shared');
      expect(after.metadata.uid).toBe(service.metadata.uid);
      expect(after.metadata.ownerReferences).toMatchObject([{ name: 'younger', controller: true }]);
    });
  });

  it('a namespace with EtcdServices can be deleted', async () => {
    const doomed = await own.newNamespace();
    await doomed.defineWith('web', ['10.0.0.1:80']);
    await doomed.objects.call('DELETE', `/api/v1/namespaces/${doomed.namespace}`);
    await eventually(async () => {
      const { status } = await doomed.objects.call('GET', `/api/v1/namespaces/${doomed.namespace}`);
      expect(status).toBe(404);
    }, PATIENCE);
    await scene.controller.untilIdle();
    expect(scene.controller.running).toBe(true);
  });

  it('nothing is written again and again', async () => {
    await scene.controller.untilIdle();
    const before = await scene.controller.metric('etcd_endpoints_writes_total');
    await scene.defineWith('calm', ['10.0.0.1:80']);
    await eventually(async () => expect(await slicesOf('calm')).toEqual(['10.0.0.1']), PATIENCE);
    await scene.controller.untilIdle();
    const writes = (await scene.controller.metric('etcd_endpoints_writes_total')) - before;
    // Service, slice, Endpoints, and the status once or twice.
    expect(writes).toBeLessThanOrEqual(5);
  });
});
