import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import type { Child } from '../../dev/control-plane/child.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { leaseClient, meddlerFor, promptly, startCandidate, startEtcdctl } from '../kit/lease-rig.ts';
import { measured, timed } from '../kit/measured.ts';
import { holdKeepalives, loseAnswer, type Meddler } from '../kit/meddler.ts';
import { proxyFor, rawEtcd } from '../kit/rig.ts';

/** Elections on a real etcd. Each test has an election of its own. */
describe('an election', () => {
  let etcd: RegistryEtcd;
  const endpoint = (): string => etcd.endpoints[0] ?? '';

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.stop());

  const candidate = (name: string, identity = 'us', hosts: readonly string[] = etcd.endpoints) =>
    startCandidate(leaseClient(hosts), { name, identity });
  /** One whose term stays suspended for some seconds, so that a busy machine can look at it meanwhile. */
  const patientCandidate = (name: string, { address }: Meddler) =>
    startCandidate(leaseClient([address]), { name, ttlSeconds: 12 });
  const keysOf = async (name: string): Promise<string[]> => {
    const content = await rawEtcd(endpoint()).content(`${name}/`);
    return [...content.keys()];
  };
  /** As {@link keysOf}, the leader's first. */
  const keysInOrder = async (name: string): Promise<string[]> => {
    const content = await rawEtcd(endpoint()).content(`${name}/`);
    return [...content]
      .toSorted(([, a], [, b]) => Number(a.create_revision) - Number(b.create_revision))
      .map(([key]) => key);
  };

  /** Ends an etcdctl that stands for election, and returns once it has resigned, which is its own affair. */
  const resign = async (rival: Child, name: string): Promise<void> => {
    const [first = ''] = await keysInOrder(name);
    rival.signal('SIGINT');
    await eventually(async () => expect(await keysOf(name)).not.toContain(first));
  };

  it('case 13: has one leader, who is followed within a second when it resigns, by higher terms', async () => {
    const [first, second] = [candidate('/case13', 'first'), candidate('/case13', 'second')];
    await eventually(() => expect([first.leading, second.leading].filter(Boolean)).toHaveLength(1));
    await eventually(async () => expect(await keysOf('/case13')).toHaveLength(2));
    const [leader, standby] = first.leading === undefined ? [second, first] : [first, second];
    expect(standby.terms).toEqual([]);

    await leader.stop();

    await eventually(() => expect(standby.leading).toBeDefined(), promptly);
    expect(standby.terms[0]?.number).toBeGreaterThan(leader.terms[0]?.number ?? Number.NaN);
    expect(leader.terms).toMatchObject([{ end: 'resigned' }]);
  });

  it('shows everybody who leads', async () => {
    const [first, second] = [candidate('/shown', 'first'), candidate('/shown', 'second')];
    const seen: (string | undefined)[] = [];
    second.election.onLeader((leader) => seen.push(leader?.identity));

    await eventually(() =>
      expect(first.election.leader).toMatchObject({ key: expect.stringMatching(/^\/shown\//) }),
    );
    await eventually(() => expect(second.election.leader?.term).toBe(first.election.leader?.term));
    const [leader, standby] = first.leading === undefined ? [second, first] : [first, second];
    expect(leader.election.leader?.own).toBe(true);
    expect(standby.election.leader?.own).toBe(false);
    await leader.stop();

    await eventually(() => expect(standby.election.leader?.own).toBe(true));
    expect(seen.at(-1)).toBe(leader === first ? 'second' : undefined);
  });

  it('is fair to etcdctl elect, which waits for us and we for it', async () => {
    const rival = await startEtcdctl(etcd, 'elect', '/fair', 'etcdctl');
    await eventually(async () => expect(await keysOf('/fair')).toHaveLength(1));
    const us = candidate('/fair');
    await eventually(() => expect(us.election.leader).toMatchObject({ identity: 'etcdctl', own: false }));
    expect(us.terms).toEqual([]);

    await resign(rival, '/fair');
    await eventually(() => expect(us.leading).toBeDefined(), promptly);
    const next = await startEtcdctl(etcd, 'elect', '/fair', 'etcdctl again');
    await eventually(async () => expect(await keysOf('/fair')).toHaveLength(2));
    expect(next.output).toBe('');
    await us.stop();

    await eventually(() => expect(next.output).toContain('etcdctl again'), promptly);
  });

  it('can be watched with etcdctl elect --listen', async () => {
    const us = candidate('/listened', 'pod-7');
    await eventually(() => expect(us.leading).toBeDefined());

    const listener = await startEtcdctl(etcd, 'elect', '--listen', '/listened');

    await eventually(() => expect(listener.output).toContain('pod-7'));
    expect(listener.output).toContain('/listened/');
  });

  it('fault 17: never elects by the key of a lost lease, and stands again within a second', async () => {
    const rival = await startEtcdctl(etcd, 'elect', '/dead', 'etcdctl');
    await eventually(async () => expect(await keysOf('/dead')).toHaveLength(1));
    const us = candidate('/dead');
    await eventually(() => expect(us.stood).toHaveLength(1));
    const ours = (await keysOf('/dead')).find((key) => key !== us.election.leader?.key) ?? '';

    await etcd.etcdctl(['lease', 'revoke', ours.split('/').at(-1) ?? '']);
    await timed('stands again after', 1_000, () =>
      eventually(() => expect(us.stood).toHaveLength(2), promptly),
    );
    await resign(rival, '/dead');
    await eventually(() => expect(us.leading).toBeDefined(), promptly);

    expect(us.terms.map(({ number }) => number)).toEqual([us.stood[1]]);
  });

  it('fault 17: never elects a candidate whose lease others keep alive while its own keepalives are lost', async () => {
    const meddler = await meddlerFor(endpoint());
    meddler.meddling.keepalive = () => {};
    const rival = await startEtcdctl(etcd, 'elect', '/kept', 'etcdctl');
    await eventually(async () => expect(await keysOf('/kept')).toHaveLength(1));
    const us = candidate('/kept', 'us', [meddler.address]);
    await eventually(() => expect(us.stood).toHaveLength(1));
    const ours = (await keysOf('/kept')).find((key) => key !== us.election.leader?.key) ?? '';
    await startEtcdctl(etcd, 'lease', 'keep-alive', ours.split('/').at(-1) ?? '');

    await eventually(() => expect(us.losses).toEqual(['expired']));
    await eventually(async () => expect(await keysOf('/kept')).not.toContain(ours));
    delete meddler.meddling.keepalive;
    await resign(rival, '/kept');

    await eventually(() => expect(us.leading).toBeDefined(), promptly);
    expect(us.stood[0]).not.toBe(us.terms[0]?.number);
  });

  it('fault 18: elects within a second when the answer to the create is lost, with one key', async () => {
    const meddler = await meddlerFor(endpoint());
    const raw = rawEtcd(endpoint());
    let lost = 0;
    meddler.meddling.call = async (method, forward) => {
      if (method !== 'Txn' || lost > 0) {
        return await forward();
      }
      lost += 1;
      await forward();
      await raw.put('others/a', 'x');
      return await loseAnswer(forward);
    };

    const us = candidate('/lost', 'us', [meddler.address]);

    await timed('elected after', 1_000, () => eventually(() => expect(us.leading).toBeDefined(), promptly));
    expect(lost).toBe(1);
    const content = await raw.content('/lost/');
    measured('own keys', content.size, { most: 1 });
    expect([...content.values()]).toMatchObject([{ version: '1', create_revision: `${us.leading?.number}` }]);
  });

  it('fault 19: a candidate that resigns is never elected, and its key is gone', async () => {
    const [first, second] = [candidate('/resign', 'first'), candidate('/resign', 'second')];
    await eventually(() => expect([first.leading, second.leading].filter(Boolean)).toHaveLength(1));
    await eventually(async () => expect(await keysOf('/resign')).toHaveLength(2));
    const [leader, standby] = first.leading === undefined ? [second, first] : [first, second];

    await standby.stop();
    await leader.stop();

    expect(standby.terms).toEqual([]);
    expect(await keysOf('/resign')).toEqual([]);
  });

  it('fault 19: a leader resigns after its writes are drained, and the next one leads within a second', async () => {
    const raw = rawEtcd(endpoint());
    let writes: Promise<number>[] = [];
    const first = startCandidate(leaseClient(etcd.endpoints), {
      name: '/drain',
      drain: async () => {
        writes = Array.from({ length: 50 }, (_, index) => raw.put(`drained/${index}`, 'v'));
        await Promise.all(writes);
      },
    });
    await eventually(() => expect(first.leading).toBeDefined());
    const second = candidate('/drain', 'second');
    await eventually(async () => expect(await keysOf('/drain')).toHaveLength(2));
    const revision = await raw.revision();

    await first.stop();

    await timed('successor leads after', 1_000, () =>
      eventually(() => expect(second.leading).toBeDefined(), promptly),
    );
    const history = await raw.history(revision + 1);
    const resigned = history.find(({ key, value }) => key.startsWith('/drain/') && value === undefined);
    expect(Math.max(...(await Promise.all(writes)))).toBeLessThan(resigned?.revision ?? 0);
  });

  it('ends the term at once when somebody deletes the key, and stands again', async () => {
    const us = candidate('/deleted');
    await eventually(() => expect(us.leading).toBeDefined());

    await rawEtcd(endpoint()).deletePrefix('/deleted/');

    await eventually(() => expect(us.terms[0]?.end).toBe('key-lost'), promptly);
    expect(us.terms[0]?.term.writableUntil()).toBeLessThan(performance.now());
    await eventually(() => expect(us.terms).toHaveLength(2), promptly);
  });

  it('ends the term at once when somebody revokes the lease, and stands again', async () => {
    const us = candidate('/revoked');
    await eventually(() => expect(us.leading).toBeDefined());
    const [key = ''] = await keysOf('/revoked');

    await etcd.etcdctl(['lease', 'revoke', key.split('/').at(-1) ?? '']);

    await eventually(() => expect(us.terms[0]?.end).toBeDefined(), promptly);
    await eventually(() => expect(us.terms).toHaveLength(2), promptly);
  });

  it('ends the term when somebody puts the key without its lease, and leaves it in nobody’s way', async () => {
    const us = candidate('/put');
    await eventually(() => expect(us.leading).toBeDefined());
    const [key = ''] = await keysOf('/put');

    await rawEtcd(endpoint()).put(key, 'somebody');

    await eventually(() => expect(us.terms[0]?.end).toBe('key-lost'));
    await eventually(() => expect(us.terms).toHaveLength(2));
    expect(await keysOf('/put')).not.toContain(key);
  });

  it('goes on when the watch is cut and its revisions are compacted while a candidate waits', async () => {
    const raw = rawEtcd(endpoint());
    const proxy = await proxyFor(endpoint());
    const first = candidate('/compacted', 'first');
    await eventually(() => expect(first.leading).toBeDefined());
    const second = candidate('/compacted', 'second', [proxy.address]);
    await eventually(async () => expect(await keysOf('/compacted')).toHaveLength(2));

    proxy.refuse();
    proxy.cut();
    await first.stop();
    await raw.put('others/a', 'x');
    await raw.compact(await raw.put('others/a', 'y'));
    proxy.heal();

    await eventually(() => expect(second.leading).toBeDefined(), promptly);
  });

  it('goes on when no watch ever tells anything, by looking every few seconds', async () => {
    const meddler = await meddlerFor(endpoint());
    meddler.meddling.watch = () => {};
    const first = candidate('/blind', 'first');
    await eventually(() => expect(first.leading).toBeDefined());
    const second = candidate('/blind', 'second', [meddler.address]);
    await eventually(async () => expect(await keysOf('/blind')).toHaveLength(2));

    await first.stop();

    await eventually(() => expect(second.leading).toBeDefined());
  });

  it('waits behind a key without a lease, names it, and goes on when it is deleted', async () => {
    const raw = rawEtcd(endpoint());
    await raw.put('/blocked/ff', 'left behind');
    const us = candidate('/blocked');

    await eventually(() => expect(us.obstacles).toEqual([{ key: '/blocked/ff', kind: 'without-lease' }]));
    expect(us.terms).toEqual([]);
    expect(us.logLines.filter((line) => line.includes('/blocked/ff'))).toHaveLength(1);
    await raw.delete('/blocked/ff');

    await eventually(() => expect(us.leading).toBeDefined(), promptly);
    await eventually(() => expect(us.obstacles).toEqual([]));
  });

  it('passes by the keys of an election whose name begins with its own, and names them', async () => {
    const inner = candidate('/outer/inner');
    await eventually(() => expect(inner.leading).toBeDefined());
    const outer = candidate('/outer');

    await eventually(() => expect(outer.leading).toBeDefined());
    await eventually(() =>
      expect(outer.obstacles).toEqual([
        { key: expect.stringMatching(/^\/outer\/inner\/[0-9a-f]+$/), kind: 'foreign-name' },
      ]),
    );
  });

  it('tells a candidate that another bears its identity', async () => {
    const us = candidate('/twins', 'pod-1');
    await eventually(() => expect(us.leading).toBeDefined());
    const twin = candidate('/twins', 'pod-1');

    await eventually(() => expect(us.obstacles).toMatchObject([{ kind: 'same-identity' }]));
    expect(us.leading).toBeDefined();
    expect(twin.obstacles).toEqual([]);
  });

  it('suspends the term at two thirds of the TTL, and goes on with the same one when a keepalive is acknowledged in time', async () => {
    const meddler = await meddlerFor(endpoint());
    const us = patientCandidate('/suspended', meddler);
    await eventually(() => expect(us.leading).toBeDefined());

    const release = holdKeepalives(meddler);
    await eventually(() => expect(us.leading?.states).toEqual(['suspended']));
    const { term } = us.leading ?? {};
    expect(term?.writableUntil()).toBeLessThan(performance.now());
    expect(term?.expiresAt()).toBeGreaterThan(performance.now());
    release();

    await eventually(() => expect(us.leading?.states).toEqual(['suspended', 'active']), promptly);
    expect(term?.writableUntil()).toBeGreaterThan(performance.now());
    expect(us.terms).toHaveLength(1);
  });

  it('ends a suspended term whose key is no longer there', async () => {
    const meddler = await meddlerFor(endpoint());
    const us = patientCandidate('/suspended-gone', meddler);
    await eventually(() => expect(us.leading).toBeDefined());

    const release = holdKeepalives(meddler);
    meddler.meddling.watch = () => {};
    await eventually(() => expect(us.leading?.states).toEqual(['suspended']));
    await rawEtcd(endpoint()).deletePrefix('/suspended-gone/');
    release();

    await eventually(() => expect(us.terms[0]?.end).toBe('key-lost'));
    expect(us.terms[0]?.states).toEqual(['suspended', 'ended']);
  });

  it('fault 15: ends the term when keepalives are acknowledged too late, and stands again', async () => {
    const meddler = await meddlerFor(endpoint());
    const us = candidate('/late', 'us', [meddler.address]);
    await eventually(() => expect(us.leading).toBeDefined());
    const [key = ''] = await keysOf('/late');
    const started = performance.now();

    meddler.meddling.keepalive = () => {};

    await eventually(() => expect(us.terms[0]?.end).toBe('lease-lost'));
    measured('loss of a lease of 5 s declared after', performance.now() - started, {
      unit: 'ms',
      most: 5_000,
    });
    await eventually(() => expect(us.stood).toHaveLength(2), promptly);
    await eventually(() => expect(us.terms).toHaveLength(2), promptly);
    expect(await keysOf('/late')).not.toContain(key);
  });

  it('refuses a TTL and a name that cannot be right, and names the option', () => {
    const start = (options: object) => () => startCandidate(leaseClient(etcd.endpoints), options);

    expect(start({ ttlSeconds: 4 })).toThrow(/^--lease-ttl: 4 s is less than 5 s/);
    expect(start({ ttlSeconds: 10_000_000_000 })).toThrow(/^--lease-ttl: .* etcd grants at most/);
    expect(start({ name: '/a/' })).toThrow(/^--election-name: the name ends with a slash/);
  });
});

describe('a candidate without permission for the name of the election', () => {
  it('says so, leaves nothing behind, and is elected as soon as the permission is there', async () => {
    const etcd = await startEtcd({
      auth: {
        rootPassword: 'root-secret',
        users: [{ name: 'reader', password: 'reader-secret', prefix: '/locked/', access: 'read' }],
      },
    });
    onTestFinished(() => etcd.stop());
    const client = leaseClient(etcd.endpoints, { user: { name: 'reader', password: 'reader-secret' } });
    const us = startCandidate(client, { name: '/locked' });

    await eventually(() => expect(us.failures).toEqual(['ETCD_PERMISSION_DENIED']));
    expect(us.logLines.filter((line) => line.includes("grant it to the user's role"))).toHaveLength(1);
    await eventually(async () => expect(await etcd.etcdctl(['lease', 'list'])).toBe('found 0 leases\n'));
    await etcd.etcdctl(['role', 'grant-permission', '--prefix=true', 'reader', 'readwrite', '/locked/']);

    await eventually(() => expect(us.leading).toBeDefined());
  });
});
