import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { addressesOf, type Scene, startScene } from '../kit/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  return () => scene.stop();
});

/** Two EtcdServices for one Service: `<service>-old` with 10.0.0.1, and `<service>-new`, a second younger at the least, with 10.0.0.2. */
async function defineRivals(service: string): Promise<void> {
  const [older, younger] = [`${service}-old`, `${service}-new`];
  await scene.defineWith(older, ['10.0.0.1:80'], { service: { name: service } });
  const { metadata } = await scene.objects.get('etcdservices', older);
  // Kubernetes keeps creation times to the second.
  await eventually(() => expect(Date.now()).toBeGreaterThan(Date.parse(metadata.creationTimestamp) + 1000));
  await scene.registrar.put({ [`/services/${younger}/1`]: '10.0.0.2:80' });
  await scene.define(younger, { service: { name: service } });
  await scene.untilReady(younger, 'False/ServiceConflict');
}

describe('two EtcdServices for one Service', () => {
  it('are told apart by age: the older fills it, the younger says so', async () => {
    await defineRivals('contested');
    expect(await scene.untilReady('contested-new', 'False/ServiceConflict')).toContain('contested-old');
    await scene.untilEvent('contested-new', 'Warning ServiceConflict');
    await scene.registrar.put({ '/services/contested-old/2': '10.0.0.3:80' });
    await scene.untilPublished('contested', ['10.0.0.1:80', '10.0.0.3:80']);
    await scene.untilReady('contested-old');
  });

  it('both own what is published, so that garbage collection leaves it to the one that stays', async () => {
    await defineRivals('owned');
    for (const plural of ['services', 'endpoints']) {
      await eventually(async () => {
        const { metadata } = await scene.objects.get(plural, 'owned');
        expect(
          metadata.ownerReferences.map(({ name, controller }: { name: string; controller: boolean }) => [
            name,
            controller,
          ]),
        ).toEqual([
          ['owned-old', true],
          ['owned-new', false],
        ]);
      });
    }
  });

  it('hand over in place when the older is deleted: nobody sees the Service without addresses', async () => {
    await defineRivals('handed');
    const service = await scene.objects.get('services', 'handed');
    const watch = await scene.objects.watch('endpoints', 'handed');
    await scene.objects.delete('etcdservices', 'handed-old');
    await scene.untilReady('handed-new');
    await scene.untilPublished('handed', ['10.0.0.2:80']);
    await eventually(() => expect(addressesOf(watch.states.at(-1))).toEqual(['10.0.0.2:80']));
    watch.end();
    expect(watch.states.map(addressesOf)).not.toContainEqual([]);
    const after = await scene.objects.get('services', 'handed');
    expect(after.metadata.uid).toBe(service.metadata.uid);
    expect(after.spec.clusterIP).toBe(service.spec.clusterIP);
    expect(after.metadata.labels['etcd-endpoints.io/etcdservice']).toBe('handed-new');
    expect(after.metadata.ownerReferences).toMatchObject([{ name: 'handed-new', controller: true }]);
  });

  it('leave the Service with the older when the younger is deleted', async () => {
    await defineRivals('kept');
    await scene.objects.delete('etcdservices', 'kept-new');
    await eventually(async () => {
      const { metadata } = await scene.objects.get('services', 'kept');
      expect(metadata.ownerReferences).toMatchObject([{ name: 'kept-old', controller: true }]);
      expect(metadata.ownerReferences).toHaveLength(1);
    });
    expect(await scene.published('kept')).toEqual(['10.0.0.1:80']);
  });

  it('keep their order while the older is paused', async () => {
    await defineRivals('broken');
    await scene.redefine('broken-old', { mode: 'Paused' });
    await scene.untilReady('broken-old', 'Unknown/Paused');
    expect(await scene.condition('broken-new', 'Ready')).toBe('False/ServiceConflict');
    expect(await scene.published('broken')).toEqual(['10.0.0.1:80']);
  });
});
