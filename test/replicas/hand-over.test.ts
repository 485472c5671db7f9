import { describe, expect, it } from 'vitest';
import type { AuditedWrite } from '../kit/audit.ts';
import type { ControllerProcess } from '../kit/controller-process.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import { measured } from '../kit/measured.ts';
import { overlaps, type Replicas, setReplicas, termsOf, ttlMs } from '../kit/replicas.ts';
import { Churn, unguarded } from '../kit/replicas-churn.ts';

/** Two replicas, one of which leads, and registrations that change all the time. */
async function begin(services = 4): Promise<{ replicas: Replicas; churn: Churn; leader: ControllerProcess }> {
  const replicas = await setReplicas({ args: [unguarded] });
  const [churn] = await Promise.all([Churn.start(replicas.scene, services), replicas.startMany(2)]);
  const leader = await replicas.leader();
  await untilWriting(replicas, leader);
  return { replicas, churn, leader };
}

/** Waits for writes of a replica, and returns the first of its term. */
async function untilWriting(replicas: Replicas, leader: ControllerProcess): Promise<AuditedWrite> {
  const term = termsOf(leader).at(-1)?.number;
  return await eventually(async () => {
    const writes = (await replicas.writes()).filter((write) => write.term === term && write.code < 300);
    expect(writes.length).toBeGreaterThan(3);
    return writes[0] as AuditedWrite;
  });
}

describe('a standby', () => {
  it('fault 19: that is stopped takes its candidacy with it, and leads no more', async () => {
    const replicas = await setReplicas();
    const { scene } = replicas;
    await replicas.startMany(2);
    const leader = await replicas.leader();
    const [standby] = replicas.standbys;
    const candidates = async () => (await scene.registrar.etcd.content('/etcd-endpoints.io/')).size;
    await eventually(async () => expect(await candidates()).toBe(2));

    const exit = await standby?.stop();

    expect(exit).toMatchObject({ code: 0, signal: null });
    expect(exit?.tookMs).toBeLessThan(5_000 + marginMs);
    expect(await candidates()).toBe(1);
    expect(standby?.linesWith({ msg: 'Leading' })).toEqual([]);
    expect(await replicas.leader()).toBe(leader);
    expect(termsOf(leader)).toHaveLength(1);
  });
});

describe('a leader with writes under way', () => {
  it('case 9, fault 19: drains and resigns on SIGTERM; the next writes within a second', async () => {
    const services = 50;
    const { replicas, churn, leader } = await begin(services);
    await churn.burst();
    const stoppedAt = Date.now();

    const exit = await leader.stop();
    const next = await replicas.leader();
    const first = await untilWriting(replicas, next);
    await churn.stop();

    expect(exit).toMatchObject({ code: 0, signal: null });
    measured('exit after', exit.tookMs, { unit: 'ms', most: 5_000 });
    measured('successor’s first write after', first.answeredAt - stoppedAt, { unit: 'ms', most: 1_000 });
    expect(leader.linesWith({ msg: 'Stopped before these were done' })).toEqual([]);
    expect(leader.linesWith({ level: 'error' })).toEqual([]);
    await churn.untilPublished();
    expect(overlaps(await replicas.writes())).toEqual([]);
  });

  it('fault 25: ends within five seconds on SIGTERM also where etcd does not answer any more', async () => {
    const { replicas, churn, leader } = await begin();
    await churn.stop();
    replicas.scene.registry.members[0]?.pause();

    const exits = await Promise.all(replicas.all.map((replica) => replica.stop()));

    expect(replicas.all).toContain(leader);
    for (const { code, tookMs } of exits) {
      expect(code, replicas.all.map(({ output }) => output).join('\n\n')).toBe(0);
      measured('exit without etcd after', tookMs, { unit: 'ms', most: 5_000 });
    }
  });

  it('case 13, fault 20: that is killed is followed within its TTL and two seconds', async () => {
    const { replicas, churn, leader } = await begin();
    const killedAt = Date.now();

    await leader.kill();
    const next = await replicas.leader();
    const first = await untilWriting(replicas, next);
    await churn.stop();

    measured('next leader’s first write, at a TTL of 5 s, after', first.answeredAt - killedAt, {
      unit: 'ms',
      most: ttlMs + 2_000,
    });
    await churn.untilPublished();
    expect(overlaps(await replicas.writes())).toEqual([]);
  });

  it('fault 16: changes nothing more after it stood still for longer than its TTL, and stands by', async () => {
    const { replicas, churn, leader } = await begin();
    const [term] = termsOf(leader);

    leader.signal('SIGSTOP');
    const next = await replicas.leader(leader);
    await untilWriting(replicas, next);
    leader.signal('SIGCONT');
    await eventually(() => leader.line({ msg: 'Another replica leads; standing by', leader: next.replica }));
    const back = (await replicas.writes()).length;
    await eventually(async () => expect((await replicas.writes()).length).toBeGreaterThan(back + 10));
    await churn.stop();

    await churn.untilPublished();
    const writes = await replicas.writes();
    measured('writes of an ended term that changed something', overlaps(writes).length, { most: 0 });
    measured('demotions', leader.linesWith({ msg: 'Leading no longer; standing by' }).length, { most: 1 });
    expect(writes.some((write) => write.term === term?.number && write.code < 300)).toBe(true);
    expect(leader.linesWith({ msg: 'Leading no longer; standing by' })).toHaveLength(1);
    expect(termsOf(leader)).toHaveLength(1);
    expect(termsOf(next)).toHaveLength(1);
    expect((await leader.http('/healthz')).text).toContain(`leader: ${next.replica}`);
    expect((await leader.http('/healthz')).text).toContain('role: standby');
    expect((await leader.http('/readyz')).status).toBe(200);
  });
});
