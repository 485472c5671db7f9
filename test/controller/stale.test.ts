import { beforeAll, describe, expect, it } from 'vitest';
import { writesOf } from '../kit/audit.ts';
import { eventually } from '../kit/eventually.ts';
import { addresses } from '../kit/fleet.ts';
import { type Scene, startScene } from '../kit/scene.ts';

const instances = addresses(3);

let scene: Scene;

beforeAll(async () => {
  scene = await startScene({ args: ['--stale-seconds=2'] });
  return () => scene.stop();
});

describe('with --stale-seconds', () => {
  it('instances are published as not ready when etcd has been away for so long, also by a new leader, and as etcd says when it is back', async () => {
    const [member] = scene.registry.members;
    await scene.defineWith('web', instances);
    await member?.stop();

    await scene.untilPublished(
      'web',
      instances.map((instance) => `${instance} not ready`),
    );
    await scene.untilReady('web', 'False/RegistryStale');
    await eventually(async () =>
      expect(await scene.condition('web', 'HasEndpoints')).toBe('False/NoReadyEndpoints'),
    );
    await scene.controller.untilIdle();
    const before = await scene.versions();
    await scene.restartController();
    await eventually(async () =>
      expect(await scene.controller.metric('controller_runtime_reconcile_total')).toBeGreaterThan(0),
    );
    await scene.controller.untilIdle();
    expect(await writesOf(scene.controller)).toEqual([]);
    expect(await scene.versions()).toEqual(before);

    await member?.start();
    await scene.untilPublished('web', instances);
    await scene.untilReady('web');
  });
});
