import { beforeAll, expect, it } from 'vitest';
import { writesOf } from '../kit/audit.ts';
import { eventually } from '../kit/eventually.ts';
import { addresses } from '../kit/fleet.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type Scene, startScene } from '../kit/scene.ts';
import { untilVisited } from '../kit/visited.ts';

const [first = '', second = ''] = addresses(2);
const address = second.replace(':80', '');

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  return () => scene.stop();
});

/** The conditions of the second instance in its slice; undefined where no slice holds it. */
async function conditions(name: string): Promise<AnyObject> {
  const endpoints = (await scene.slices(name)).flatMap((slice) => slice.endpoints ?? []);
  return endpoints.find((endpoint: AnyObject) => endpoint.addresses[0] === address)?.conditions;
}

/** When the second instance has drained, as its slice tells a next leader. */
async function deadline(name: string): Promise<number> {
  const [slice] = await scene.slices(name);
  return Date.parse(slice?.metadata.annotations?.['etcd-endpoints.io/draining-until'] ?? '');
}

const terminating = { ready: false, serving: true, terminating: true };

async function untilDraining(name: string): Promise<void> {
  await eventually(async () => expect(await conditions(name)).toMatchObject(terminating));
  await scene.untilPublished(name, [first, `${second} not ready`]);
}

async function untilCountedDraining(name: string, draining: number): Promise<void> {
  await scene.untilCounted(name, { ready: 3 - draining, draining });
}

describeNeeding('discovery.k8s.io/v1', 'with drainSeconds an instance that is removed', () => {
  it.concurrent('stays for so long as terminating, then goes; the status counts it meanwhile', async () => {
    await scene.defineWith('goes', [first, second], { drainSeconds: 2 });

    await scene.registrar.delete('/services/goes/2');

    await untilDraining('goes');
    expect(await deadline('goes')).toBeLessThanOrEqual(Date.now() + 3000);
    await scene.untilPublished('goes', [first]);
    await scene.untilInSlices('goes', [first]);
    expect((await scene.slices('goes'))[0]?.metadata.annotations ?? {}).not.toHaveProperty(
      'etcd-endpoints.io/draining-until',
    );
    await scene.untilCounted('goes', { ready: 1, draining: 0 });
    expect((await scene.status('goes')).summary).toBe('1/1');
  });

  it.concurrent('is ready again in place where it registers again meanwhile', async () => {
    await scene.defineWith('returns', [first, second], { drainSeconds: 60 });
    const [before] = await scene.slices('returns');
    await scene.registrar.delete('/services/returns/2');
    await untilDraining('returns');

    await scene.registrar.put({ '/services/returns/9': second });

    await eventually(async () =>
      expect(await conditions('returns')).toMatchObject({ ready: true, terminating: false }),
    );
    await scene.untilPublished('returns', [first, second]);
    expect((await scene.slices('returns')).map(({ metadata }) => metadata.uid)).toEqual([
      before?.metadata.uid,
    ]);
  });

  it.concurrent('goes at once where the spec asks for draining no more', async () => {
    await scene.defineWith('stops', [first, second], { drainSeconds: 600 });
    await scene.registrar.delete('/services/stops/2');
    await untilDraining('stops');

    await scene.redefine('stops', { drainSeconds: 0 });

    await scene.untilPublished('stops', [first]);
  });

  it('keeps its deadline, to the second, when another process leads', async () => {
    await scene.defineWith('stays', [first, second], { drainSeconds: 600 });
    await scene.registrar.delete('/services/stays/2');
    await untilDraining('stays');
    const before = await deadline('stays');

    await scene.restartController();
    await scene.registrar.put({ '/services/stays/3': '10.0.0.3:80' });

    await scene.untilPublished('stays', [first, `${second} not ready`, '10.0.0.3:80']);
    await scene.untilInSlices('stays', [first, `${second} draining`, '10.0.0.3:80']);
    expect(await deadline('stays')).toBe(before);
  });

  it('is not written again by a process that starts while it drains, whenever the others beside it began', async () => {
    const name = 'rests';
    await scene.defineWith(name, [first, second, '10.0.0.3:80'], { drainSeconds: 600 });
    await scene.registrar.delete(`/services/${name}/2`);
    await untilCountedDraining(name, 1);
    const before = await deadline(name);
    await scene.registrar.delete(`/services/${name}/3`);
    await untilCountedDraining(name, 2);
    expect(await deadline(name)).toBeGreaterThanOrEqual(before);
    await scene.controller.untilIdle();
    const versions = await scene.versions();

    await scene.restartController();
    await untilVisited(scene);

    expect(await writesOf(scene.controller)).toEqual([]);
    expect(await scene.versions()).toEqual(versions);
  });
});
