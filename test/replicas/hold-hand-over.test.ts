import { describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { addresses, Fleet } from '../kit/fleet.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { setReplicas, succession } from '../kit/replicas.ts';

describe('a leader that is killed while removals are held', () => {
  it('is followed by one that keeps the hold, its start and its id, and lets go of what is released by it', async () => {
    const replicas = await setReplicas({ args: ['--guard-hold-seconds=600'] });
    const { scene } = replicas;
    const fleet = new Fleet(scene);
    await replicas.startMany(2);
    const leader = await replicas.leader();
    await fleet.start('web', addresses(10));
    await fleet.start('api', addresses(2, 1));
    await scene.define('web');
    await scene.define('api', { guard: { holdSeconds: 500 } });
    await scene.untilReady('web');
    await scene.untilReady('api');
    const holds = async (): Promise<readonly AnyObject[]> => {
      const all = await Promise.all(['web', 'api'].map((name) => scene.status(name)));
      return all.map(({ conditions }) => conditions.find(({ type }: AnyObject) => type === 'RemovalHeld'));
    };
    await fleet.revoke('web');
    await fleet.revoke('api');
    const before = await eventually(async () => {
      const conditions = await holds();
      expect(conditions).toMatchObject([
        { status: 'True', reason: 'HeldByRegistryGuard' },
        { status: 'True', reason: 'HeldByRegistryGuard' },
      ]);
      return conditions;
    });

    const events = async (): Promise<readonly AnyObject[]> =>
      (await scene.objects.list('events')).filter(({ reason }) => reason === 'HeldByRegistryGuard');
    // It is sent after the condition, and whoever is killed before that has told nothing.
    await eventually(async () => expect(await events()).toHaveLength(1));

    await leader.kill();
    const next = await replicas.leader(leader);
    await fleet.start('api', addresses(1, 2), 'new');
    await eventually(
      async () => expect(await scene.published('api')).toEqual([...addresses(2, 1), ...addresses(1, 2)]),
      succession,
    );

    expect(await scene.published('web')).toEqual(addresses(10).toSorted());
    expect(await holds()).toEqual(before);
    const id = /^Hold (\S+) until/.exec(before[0]?.message)?.[1] ?? '';
    expect(before[1]?.message).toContain(id);
    await scene.objects.change('etcdservices', 'web', ({ metadata }) => {
      metadata.annotations = { 'etcd-endpoints.io/release-hold': id };
    });
    await scene.untilPublished('web', []);
    await eventually(async () =>
      expect(await holds()).toMatchObject([{ reason: 'HoldReleased' }, { reason: 'HeldByRegistryGuard' }]),
    );
    expect(await events()).toHaveLength(1);
    expect(next.running).toBe(true);
  });

  it('is followed by one that starts a hold for what vanished in between, and holds nothing that was published before', async () => {
    const replicas = await setReplicas();
    const { scene } = replicas;
    const fleet = new Fleet(scene);
    await replicas.start();
    const leader = await replicas.leader();
    const names = ['a', 'b', 'c', 'd'];
    for (const [index, name] of names.entries()) {
      await fleet.start(name, addresses(4, index));
      await scene.define(name);
      await scene.untilReady(name);
    }
    await scene.registrar.etcd.deletePrefix('/services/a/');
    await fleet.start('a', addresses(1, 9), 'new');
    await scene.untilPublished('a', addresses(1, 9));

    await leader.kill();
    for (const name of names.slice(1)) {
      await fleet.revoke(name);
    }
    await replicas.start();
    await replicas.leader(leader);

    const status = async (name: string): Promise<string | undefined> => scene.condition(name, 'RemovalHeld');
    for (const [index, name] of names.entries()) {
      const held = index === 0 ? 'False/NothingHeld' : 'True/HeldByRegistryGuard';
      await eventually(async () => expect(await status(name)).toBe(held), succession);
      await scene.untilPublished(name, index === 0 ? addresses(1, 9) : addresses(4, index));
    }
  });
});
