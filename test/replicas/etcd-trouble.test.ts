import { describe, expect, it } from 'vitest';
import { startEtcd } from '../kit/etcd-process.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import { firstToTell } from '../kit/first-to-tell.ts';
import { measured } from '../kit/measured.ts';
import { overlaps, setReplicas, termsOf, timeOf } from '../kit/replicas.ts';
import { Churn, unguarded } from '../kit/replicas-churn.ts';

/** Long enough for etcd to elect a leader more than once, should its votes be split, and for a busy machine to look at a term while it is suspended. */
const patientTtlMs = 10_000;

/** A leader of etcd goes on to renew leases until it has noticed that it is alone, which takes it so long at most. */
const noticingMs = 2_000;

describe('an etcd in trouble', () => {
  it('fault 13: that holds the election and loses its majority stops the leader before its TTL, and all writes until it is back', async (context) => {
    const election = await startEtcd({ members: 3 });
    context.onTestFinished(() => election.stop());
    const replicas = await setReplicas(
      {
        args: [`--election-etcd=${election.endpoints.join(',')}`, unguarded],
        ttlMs: patientTtlMs,
      },
      context,
    );
    const { scene } = replicas;
    const [churn] = await Promise.all([Churn.start(scene, 2), replicas.startMany(2)]);
    const leader = await replicas.leader();
    await eventually(async () => expect((await replicas.writes()).length).toBeGreaterThan(20));
    const [, second, third] = election.members;

    const lostAt = Date.now();
    second?.pause();
    third?.pause();
    const suspended = await eventually(() =>
      leader.line({ msg: 'the term is suspended: nothing is acknowledged' }),
    );
    const ended = await eventually(() => leader.line({ msg: 'the term has ended' }));
    // Both wait now; what is registered goes on to change.
    const versions = await scene.versions();
    const waitingSince = performance.now();
    await eventually(() => expect(performance.now()).toBeGreaterThan(waitingSince + 2_000));
    expect(await scene.versions()).toEqual(versions);
    expect((await leader.http('/healthz')).text).toContain('role: standby');
    expect((await leader.http('/readyz')).status).toBe(200);
    expect(await leader.metric('etcd_endpoints_lease_losses_total')).toBe(1);
    expect(await leader.metric('etcd_endpoints_leader')).toBe(0);
    const healedAt = Date.now();
    second?.resume();
    third?.resume();
    const next = await replicas.leader();
    const writes = await eventually(async () => {
      const all = await replicas.writes();
      expect(all.at(-1)?.receivedAt).toBeGreaterThan(healedAt);
      return all;
    });
    await churn.stop();

    measured('suspended, at a TTL of 10 s, after', timeOf(suspended) - lostAt, {
      unit: 'ms',
      most: (patientTtlMs * 2) / 3 + noticingMs,
    });
    measured('term ended, at a TTL of 10 s, after', timeOf(ended) - lostAt, {
      unit: 'ms',
      most: patientTtlMs + noticingMs,
    });
    // What had left just before may still be on its way.
    const silentFrom = timeOf(suspended) + marginMs;
    expect(silentFrom).toBeLessThan(timeOf(ended));
    const late = writes.filter(({ receivedAt }) => receivedAt > silentFrom && receivedAt < healedAt);
    expect(late).toEqual([]);
    measured('writes without a majority', late.length, { most: 0 });
    const ledAfter = (termsOf(next).at(-1)?.beganAt ?? 0) - healedAt;
    measured('led again after', ledAfter, { unit: 'ms', most: 5_000 });
    await churn.untilPublished();
    expect(overlaps(await replicas.writes())).toEqual([]);
  });

  it('fault 12: that restarts one member after the other costs one change of the leader at most, and nothing that was registered', async (context) => {
    const replicas = await setReplicas({ etcd: { members: 3 }, ttlMs: 15_000 }, context);
    const { scene } = replicas;
    await scene.registrar.put({ '/services/web/0': '10.0.0.1:80' });
    await scene.define('web');
    await replicas.startMany(2);
    await replicas.leader();
    const wanted = ['10.0.0.1:80'];
    await scene.untilPublished('web', wanted);

    for (const [index, member] of scene.registry.members.entries()) {
      await member.restart();
      await scene.registry.etcdctl(['put', `/services/web/${index + 1}`, `10.0.0.${index + 2}:80`]);
      wanted.push(`10.0.0.${index + 2}:80`);
    }

    await scene.untilPublished('web', wanted);
    await replicas.leader();
    measured('changes of the controller’s leader', replicas.all.flatMap(termsOf).length - 1, { most: 1 });
    expect(overlaps(await replicas.writes())).toEqual([]);
  });
});

/** Most of the time is spent on waiting, so these wait together. */
describe.concurrent('an etcd that does not answer for a while', () => {
  it('fault 10: one member after the other, each for longer than the TTL, costs nobody the lead', async (context) => {
    const election = await startEtcd({ members: 3 });
    context.onTestFinished(() => election.stop());
    const replicas = await setReplicas(
      { args: [`--election-etcd=${election.endpoints.join(',')}`], ttlMs: patientTtlMs },
      context,
    );
    const leader = await replicas.start();
    await replicas.leader();

    for (const member of election.members) {
      member.pause();
      const pausedAt = performance.now();
      await eventually(() => expect(performance.now()).toBeGreaterThan(pausedAt + patientTtlMs + 1_000));
      // It does not go on from where it stood: a leader of etcd that does may revoke the leases that its successor has renewed (docs/adr/0008).
      await member.restart();
    }

    expect(await replicas.leader()).toBe(leader);
    measured('changes of the leader', replicas.all.flatMap(termsOf).length - 1, { most: 0 }, context.task);
  });

  it('case 7: for less than two thirds of the TTL costs nobody the lead', async (context) => {
    const replicas = await setReplicas({ ttlMs: 15_000 }, context);
    const { scene } = replicas;
    await scene.registrar.put({ '/services/web/0': '10.0.0.1:80' });
    await scene.define('web');
    await replicas.startMany(2);
    const leader = await replicas.leader();
    await scene.untilPublished('web', ['10.0.0.1:80']);
    const [member] = scene.registry.members;

    member?.pause();
    const pausedAt = performance.now();
    await eventually(() => expect(performance.now()).toBeGreaterThan(pausedAt + 8_000));
    member?.resume();
    await scene.registrar.put({ '/services/web/1': '10.0.0.2:80' });

    await scene.untilPublished('web', ['10.0.0.1:80', '10.0.0.2:80']);
    expect(replicas.all.flatMap(termsOf)).toHaveLength(1);
    expect(await replicas.leader()).toBe(leader);
  });

  it('and has gone before the leader changed is told of with the time at which it went', async (context) => {
    const election = await startEtcd();
    context.onTestFinished(() => election.stop());
    const replicas = await setReplicas(
      { args: [`--election-etcd=${election.endpoints.join(',')}`] },
      context,
    );
    const { scene } = replicas;
    const name = firstToTell(scene.namespace);
    await scene.registrar.put({ [`/services/${name}/0`]: '10.0.0.1:80' });
    await scene.define(name);
    await replicas.startMany(2);
    const leader = await replicas.leader();
    await scene.untilReady(name);
    const [standby] = replicas.standbys;
    await eventually(async () => expect(await standby?.metric('etcd_endpoints_registry_keys')).toBe(1));

    const lostAt = Date.now();
    await scene.registry.members[0]?.stop();
    const downAt = Date.now();
    await eventually(() => expect(Date.now()).toBeGreaterThan(downAt + 8_000));
    const stoppedAt = Date.now();
    await leader.stop();

    expect(await replicas.leader()).toBe(standby);
    await eventually(
      async () => expect(await scene.condition(name, 'RegistryConnected')).toBe('False/Disconnected'),
      { timeoutMs: 60_000, intervalMs: 100 },
    );
    const { conditions } = await scene.status(name);
    const transition = conditions.find(({ type }: { type: string }) => type === 'RegistryConnected');
    const since = Date.parse(transition.lastTransitionTime);
    // Written in whole seconds.
    expect(since).toBeGreaterThanOrEqual(lostAt - 1_000);
    expect(since).toBeLessThan(stoppedAt);
    expect(await scene.published(name)).toEqual(['10.0.0.1:80']);
  });
});
