import { describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { setReplicas, termsOf, timeOf } from '../kit/replicas.ts';

describe('three replicas', () => {
  it('are one leader that writes, and two standbys that are ready, follow etcd, write nothing and name the leader', async () => {
    const replicas = await setReplicas();
    const { scene } = replicas;
    await scene.registrar.put({ '/services/web/1': '10.0.0.1:80', '/services/web/2': '10.0.0.2:80' });
    await scene.define('web');
    await replicas.startMany(3);
    const leader = await replicas.leader();
    const [term] = termsOf(leader);
    await scene.untilPublished('web', ['10.0.0.1:80', '10.0.0.2:80']);
    await scene.untilReady('web');

    expect(replicas.standbys).toHaveLength(2);
    for (const standby of replicas.standbys) {
      await eventually(async () => expect(await standby.metric('etcd_endpoints_registry_keys')).toBe(2));
      expect(await standby.metric('etcd_endpoints_leader')).toBe(0);
      await eventually(async () =>
        expect(await standby.metric('etcd_endpoints_leader_term')).toBe(term?.number),
      );
      const { text } = await standby.http('/healthz');
      expect(text).toContain('role: standby');
      expect(text).toContain(`leader: ${leader.replica} in term ${term?.number}`);
      expect((await standby.http('/readyz')).status).toBe(200);
      standby.line({ msg: 'Another replica leads; standing by', leader: leader.replica });
    }
    expect(await leader.metric('etcd_endpoints_leader')).toBe(1);
    expect(await leader.metric('etcd_endpoints_leader_term')).toBe(term?.number);
    expect((await leader.http('/healthz')).text).toContain('role: leader');

    // A change reaches the standbys too, and only the leader writes.
    await scene.registrar.put({ '/services/web/3': '10.0.0.3:80' });
    await scene.untilPublished('web', ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']);
    for (const standby of replicas.standbys) {
      await eventually(async () => expect(await standby.metric('etcd_endpoints_registry_keys')).toBe(3));
    }
    const writes = await replicas.writes();
    expect(writes.length).toBeGreaterThan(4);
    expect(new Set(writes.map((write) => write.term))).toEqual(new Set([term?.number]));
    expect(new Set(writes.map((write) => write.replica))).toEqual(new Set([leader.replica]));
  });

  it('tell of each term by an Event with its number', async () => {
    const replicas = await setReplicas();
    const { scene } = replicas;
    await replicas.startMany(2);
    const first = await replicas.leader();
    await first.stop();
    const second = await replicas.leader();

    const events = async () =>
      (await scene.objects.list('events')).filter(({ reason }) => reason === 'TermBegan');
    const messages = [first, second].map(
      (replica) => `Replica ${replica.replica} leads in term ${termsOf(replica)[0]?.number}`,
    );
    await eventually(async () =>
      expect((await events()).map(({ message }) => message).toSorted()).toEqual(messages.toSorted()),
    );
    expect((await events())[0]?.involvedObject).toMatchObject({ kind: 'Namespace', name: scene.namespace });
  });
});

describe('--standby=cold', () => {
  it('follows nothing until it leads, and publishes then', async () => {
    const replicas = await setReplicas({ args: ['--standby=cold'] });
    const { scene } = replicas;
    await scene.registrar.put({ '/services/web/1': '10.0.0.1:80' });
    await scene.define('web');
    const first = await replicas.start();
    await replicas.leader();
    await scene.untilPublished('web', ['10.0.0.1:80']);
    const cold = await replicas.start();
    // Longer than a warm standby waits before it begins to follow.
    const startedAt = timeOf(await eventually(() => cold.line({ msg: 'Started' })));
    await eventually(() => expect(Date.now()).toBeGreaterThan(startedAt + 2_500));
    await cold.untilIdle();
    expect(await cold.metric('etcd_endpoints_registry_ranges')).toBe(0);
    expect(await cold.metric('etcd_endpoints_registry_keys')).toBe(0);

    await first.stop();
    await scene.registrar.put({ '/services/web/2': '10.0.0.2:80' });

    await scene.untilPublished('web', ['10.0.0.1:80', '10.0.0.2:80']);
    expect(await cold.metric('etcd_endpoints_registry_keys')).toBe(2);
  });
});
