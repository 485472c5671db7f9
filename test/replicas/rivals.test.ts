import { describe, expect, it } from 'vitest';
import { eventually, marginMs } from '../kit/eventually.ts';
import { startEtcdctl } from '../kit/lease-rig.ts';
import { leads, type Replicas, setReplicas, succession, termsOf } from '../kit/replicas.ts';

const election = '/elections/shop';

async function setElection(): Promise<Replicas> {
  return await setReplicas({ args: [`--election-name=${election}`] });
}

describe('etcdctl elect', () => {
  it('sees who leads, stands behind us, leads when we resign, and is followed by us', async () => {
    const replicas = await setElection();
    const { scene } = replicas;
    const ours = await replicas.start();
    await replicas.leader();
    const observer = await startEtcdctl(scene.registry, 'elect', '--listen', election);
    const rival = await startEtcdctl(scene.registry, 'elect', election, 'rival');
    await eventually(() => expect(observer.output).toContain(ours.replica));
    await eventually(async () => expect((await scene.registrar.etcd.content(election)).size).toBe(2));
    expect(rival.output).toBe('');

    await ours.stop();
    await eventually(() => expect(rival.output).toContain(election));
    await eventually(() => expect(observer.output).toContain('rival'));

    const next = await replicas.start();
    await eventually(() => next.line({ msg: 'Another replica leads; standing by', leader: 'rival' }));
    await eventually(async () => expect((await next.http('/healthz')).text).toContain('leader: rival'));
    expect(leads(next)).toBe(false);
    await rival.stop();
    await replicas.leader();
  });
});

describe('a key without a lease under the election’s name', () => {
  it('is named in log and metric, and lets nobody lead until it is deleted', async () => {
    const replicas = await setElection();
    const { etcd } = replicas.scene.registrar;
    await etcd.put(`${election}/abc123`, 'who');
    const [first, second] = await replicas.startMany(2);
    const obstacle = { kind: 'without-lease' };
    for (const replica of [first, second]) {
      await eventually(() => replica?.line({ level: 'warn', key: `${election}/abc123` }));
      await eventually(async () =>
        expect(await replica?.metric('etcd_endpoints_election_obstacles', obstacle)).toBe(1),
      );
      expect((await replica?.http('/readyz'))?.status).toBe(200);
      expect((await replica?.http('/healthz'))?.text).toContain('leader: who');
    }
    expect(replicas.standbys).toHaveLength(2);

    await etcd.delete(`${election}/abc123`);
    const leader = await replicas.leader();
    await eventually(async () =>
      expect(await leader.metric('etcd_endpoints_election_obstacles', obstacle)).toBe(0),
    );
    expect((await replicas.writes()).every(({ term }) => term === termsOf(leader)[0]?.number)).toBe(true);
  });
});

describe('an election whose name begins with that of another', () => {
  it('does not keep the other from its leader, which names it', async () => {
    const replicas = await setElection();
    const longer = `${election}/eu`;
    const other = await startEtcdctl(replicas.scene.registry, 'elect', longer, 'other');
    await eventually(() => expect(other.output).toContain(longer));
    const short = await replicas.start();
    await replicas.leader();
    await eventually(async () =>
      expect(await short.metric('etcd_endpoints_election_obstacles', { kind: 'foreign-name' })).toBe(1),
    );
    const [warning] = short.linesWith({ level: 'warn' }).filter(({ key }) => String(key).startsWith(longer));
    expect(warning?.msg).toContain('--election-name');
  });
});

describe('an etcd of the election that is not there', () => {
  it('keeps a replica standing by, ready and saying why, and does not hold it up at its end', async () => {
    const replicas = await setReplicas({ args: ['--election-etcd=http://127.0.0.1:1'] });
    const replica = await replicas.start();
    await eventually(() => replica.line({ msg: 'the election cannot go on; it is tried again' }));
    expect((await replica.http('/readyz')).status).toBe(200);
    expect((await replica.http('/healthz')).text).toContain('role: standby\nleader: none known');
    expect(await replicas.writes()).toEqual([]);

    const exit = await replica.stop();
    expect(exit.code).toBe(0);
    expect(exit.tookMs).toBeLessThan(5_000 + marginMs);
  });
});

describe('two replicas with one identity', () => {
  it('are one leader all the same, and it is logged', async () => {
    const replicas = await setElection();
    const { scene } = replicas;
    await scene.registrar.put({ '/services/web/1': '10.0.0.1:80' });
    await scene.define('web');
    const same = { replica: 'the-same' };
    await Promise.all([replicas.start(same), replicas.start(same)]);
    const leader = await replicas.leader();
    await eventually(() =>
      leader.line({ msg: 'another candidate bears our identity; give each replica one of its own' }),
    );
    expect(await leader.metric('etcd_endpoints_election_obstacles', { kind: 'same-identity' })).toBe(1);
    await scene.untilPublished('web', ['10.0.0.1:80']);
    expect(replicas.standbys).toHaveLength(1);
    expect(new Set((await replicas.writes()).map(({ term }) => term)).size).toBe(1);
  });
});

describe('a user of etcd who may not write the election', () => {
  it('keeps a replica standing by, ready and saying why, until it is granted', async () => {
    const users = [{ name: 'reader', password: 'secret', prefix: '/services/', access: 'read' as const }];
    const replicas = await setReplicas({
      etcd: { auth: { rootPassword: 'root', users } },
      args: ['--etcd-user=reader', `--election-name=${election}`],
      env: { ETCD_ENDPOINTS_ETCD_PASSWORD: 'secret' },
    });
    const { registry } = replicas.scene;
    const replica = await replicas.start();
    const refusal = await eventually(() =>
      replica.line({ level: 'warn', msg: 'the election cannot go on; it is tried again' }),
    );
    expect(refusal['reason']).toBe('ETCD_PERMISSION_DENIED');
    expect(JSON.stringify(refusal)).toContain(election);
    expect((await replica.http('/readyz')).status).toBe(200);
    expect(leads(replica)).toBe(false);

    const grant = ['role', 'grant-permission', '--prefix=true', 'reader', 'readwrite', `${election}/`];
    await registry.etcdctl(grant);
    await eventually(() => expect(leads(replica)).toBe(true), succession);
  });
});
