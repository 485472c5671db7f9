import { beforeAll, describe, expect, it } from 'vitest';
import { publishedResources, publishingWrites, writesOf } from '../kit/audit.ts';
import { eventually } from '../kit/eventually.ts';
import { type Scene, startScene } from '../kit/scene.ts';

const SERVICES = 200;
const INSTANCES = 3;
const names = Array.from({ length: SERVICES }, (_, index) => `svc-${index}`);

/** The objects of one EtcdService: itself, its Service, and what is published. */
const objectsOfEach = 2 + publishedResources().length;

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  for (const name of names) {
    await scene.registrar.etcd.commit(
      new Map(Array.from({ length: INSTANCES }, (_, n) => [`/services/${name}/${n}`, `10.0.0.${n + 1}:80`])),
    );
  }
  // As many at a time as the apiserver takes without queueing them.
  for (let start = 0; start < SERVICES; start += 20) {
    await Promise.all(names.slice(start, start + 20).map((name) => scene.define(name)));
  }
  await untilServed(SERVICES * INSTANCES);
  await scene.controller.untilIdle();
  return () => scene.stop();
});

/** Returns once every EtcdService has been listed and published, with so many endpoints altogether. */
async function untilServed(endpoints: number): Promise<void> {
  await eventually(
    async () => {
      expect(await scene.controller.metric('etcd_endpoints_registry_lists_total')).toBeGreaterThanOrEqual(
        SERVICES,
      );
      expect(await scene.controller.metric('etcd_endpoints_endpoints')).toBe(endpoints);
    },
    { timeoutMs: 60_000, intervalMs: 100 },
  );
  await scene.controller.untilIdle();
}

async function writes(): Promise<readonly string[]> {
  return (await writesOf(scene.controller)).map(({ verb, resource, name }) => `${verb} ${resource} ${name}`);
}

describe(`a controller of ${SERVICES} EtcdServices that is killed`, () => {
  it('writes nothing when it starts again and nothing has changed', async () => {
    const before = await scene.versions();
    expect(before.size).toBe(objectsOfEach * SERVICES);
    await scene.restartController();
    await untilServed(SERVICES * INSTANCES);
    expect(await writes()).toEqual([]);
    expect(await scene.versions()).toEqual(before);
    // Not because it is asleep.
    await scene.registrar.put({ '/services/svc-0/0': '10.0.1.1:80' });
    await scene.untilPublished('svc-0', ['10.0.0.2:80', '10.0.0.3:80', '10.0.1.1:80']);
    // In slices too, so that nothing of this is left for the next test.
    await scene.controller.untilIdle();
  });

  it('writes only what has changed while it was away', async () => {
    await scene.restartController(async () => {
      await scene.registrar.put({ '/services/svc-1/0': '10.0.1.1:80', '/services/svc-2/9': '10.0.0.9:80' });
      await scene.registrar.delete('/services/svc-3/0', '/services/svc-3/1', '/services/svc-3/2');
      // The same again is no change.
      await scene.registrar.put({ '/services/svc-4/0': '10.0.0.1:80' });
    });
    await untilServed(SERVICES * INSTANCES + 1 - INSTANCES);
    await scene.untilPublished('svc-1', ['10.0.0.2:80', '10.0.0.3:80', '10.0.1.1:80']);
    expect(await scene.published('svc-2')).toHaveLength(4);
    expect(await scene.published('svc-3')).toEqual([]);
    const wanted = publishedResources().flatMap((resource) =>
      ['svc-1', 'svc-2', 'svc-3'].map((name) => `update ${resource} ${name}`),
    );
    // What is new is published at once; what vanished stays until all EtcdServices have been looked at, which may be a write more.
    const published = publishingWrites(await writesOf(scene.controller));
    expect([...new Set(published)]).toEqual(wanted);
    expect(published.filter((write) => !write.endsWith(' svc-1')).length).toBe((wanted.length / 3) * 2);
    const statuses = (await writes()).filter((write) => write.includes('etcdservices/status'));
    expect(statuses.filter((write) => !/ svc-[123]$/.test(write))).toEqual([]);
    // So that no status is left for the next test: one that counts a vanished instance, too, follows later.
    await scene.untilCounted('svc-1', { ready: INSTANCES, held: 0 });
    await scene.controller.untilIdle();
  });

  it('touches nothing that exists when it starts while etcd is down, nor when etcd comes back', async () => {
    const [member] = scene.registry.members;
    const before = await scene.versions();
    await scene.restartController(() => member?.stop() ?? Promise.resolve());
    await eventually(() => scene.controller.line({ msg: 'etcd does not answer; it is tried on' }));
    await eventually(async () =>
      expect(await scene.controller.metric('controller_runtime_reconcile_total')).toBeGreaterThanOrEqual(
        SERVICES,
      ),
    );
    await scene.controller.untilIdle();
    expect((await scene.controller.http('/readyz')).status).toBe(200);
    expect(await scene.controller.metric('etcd_endpoints_registry_connected')).toBe(0);
    expect(await writes()).toEqual([]);
    expect(await scene.versions()).toEqual(before);

    await member?.start();
    await untilServed(SERVICES * INSTANCES + 1 - INSTANCES);
    expect(await scene.controller.metric('etcd_endpoints_registry_connected')).toBe(1);
    expect(await writes()).toEqual([]);
    expect(await scene.versions()).toEqual(before);
  });

  it('removes nothing where etcd has lost everything meanwhile: what is gone is known when all have been looked at', async () => {
    for (const [place, name] of names.entries()) {
      const own = Array.from({ length: INSTANCES }, (_, n): [string, string] => [
        `/services/${name}/${n}`,
        `10.1.${place}.${n + 1}:80`,
      ]);
      await scene.registrar.etcd.commit(new Map(own));
    }
    await scene.registrar.delete('/services/svc-2/9');
    await untilServed(SERVICES * INSTANCES);
    const published = (): Promise<readonly (readonly string[])[]> =>
      Promise.all(names.map((name) => scene.published(name)));
    const before = await published();
    const keys = names.flatMap((name) =>
      Array.from({ length: INSTANCES }, (_, n) => `/services/${name}/${n}`),
    );

    await scene.restartController(() => scene.registrar.delete(...keys));

    await eventually(
      async () => {
        const held = await Promise.all(names.map((name) => scene.condition(name, 'RemovalHeld')));
        expect(new Set(held)).toEqual(new Set(['True/HeldByRegistryGuard']));
      },
      { intervalMs: 500 },
    );
    expect(publishingWrites(await writesOf(scene.controller))).toEqual([]);
    expect(await published()).toEqual(before);
  });
});
