import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type EtcdMember, type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { leaseClient, meddlerFor, startCandidate, startRegistrar } from '../kit/lease-rig.ts';
import { measured, timed } from '../kit/measured.ts';
import type { MeddledStream, Meddler } from '../kit/meddler.ts';
import type { RawEtcd } from '../kit/raw-etcd.ts';
import { rawEtcd } from '../kit/rig.ts';
import { ScriptedFailure } from '../kit/scripted-etcd.ts';

/** Of all leases but those of fault 12. */
const ttlMs = 5_000;
/** A leader of etcd goes on to renew leases until it has noticed that it is alone, which takes it so long at most. */
const noticingMs = 2_000;

/** Leases, registrations and elections on a cluster of three, of which one or two are in trouble. */
describe('with three members', () => {
  let etcd: RegistryEtcd;

  beforeAll(async () => {
    etcd = await startEtcd({ members: 3 });
  });
  afterAll(() => etcd.stop());

  const createRevision = async (raw: RawEtcd, key: string): Promise<string | undefined> =>
    (await raw.content(key)).get(key)?.create_revision;

  /** A leader and a registration, each with its client before meddlers in front of all members. */
  const begin = async (name: string) => {
    const meddlers = await Promise.all(etcd.endpoints.map(meddlerFor));
    const hosts = meddlers.map(({ address }) => address);
    const us = startCandidate(leaseClient(hosts), { name: `/${name}` });
    const { told, set } = startRegistrar(leaseClient(hosts), { ttlSeconds: 5 });
    await set({ [`${name}/a`]: 'v' });
    await eventually(() => expect(us.leading).toBeDefined());
    /** The meddler through which the registration is kept alive, and its member. */
    const inUse = async (): Promise<{ meddler: Meddler; member: EtcdMember; index: number }> => {
      const lease = (await rawEtcd(etcd.endpoints[0] ?? '').content(`${name}/a`)).get(`${name}/a`)?.lease;
      return await eventually(() => {
        const index = meddlers.findIndex(({ keepaliveStreams }) =>
          keepaliveStreams.some(
            (stream) => !stream.ended && stream.keepalives.some(({ ID }) => ID === lease),
          ),
        );
        expect(index).toBeGreaterThanOrEqual(0);
        return { index, meddler: meddlers[index] as Meddler, member: etcd.members[index] as EtcdMember };
      });
    };
    return { us, told, meddlers, inUse };
  };
  /** Waits until longer than a TTL has passed and the other members have been sent some keepalives of each lease. */
  const outlastTtl = async (others: readonly Meddler[]): Promise<void> => {
    const since = performance.now();
    const keptAlive = (): Set<string> =>
      new Set(others.flatMap(({ keepaliveStreams }) => keepaliveStreams.flatMap(recentIds)));
    const recentIds = ({ keepalives }: MeddledStream): string[] =>
      keepalives.filter(({ atMs }) => atMs > since + ttlMs).map(({ ID }) => ID);
    await eventually(() => expect(keptAlive().size).toBe(2));
  };

  it.each([
    ['fault 10: a member that falls silent', 'silent', 'pause'],
    ['case 10: a member that leaves', 'leaving', 'kill'],
  ] as const)('%s costs neither a registration nor a term', async (_, name, trouble) => {
    const { us, told, meddlers, inUse } = await begin(name);
    const { index, member, meddler } = await inUse();
    const raw = rawEtcd(etcd.endpoints[(index + 1) % 3] ?? '');
    const before = await createRevision(raw, `${name}/a`);
    // How long etcd takes to elect is its own affair.
    await etcd.leadBy((index + 1) % 3);

    await member[trouble]();
    try {
      await outlastTtl(meddlers.filter((other) => other !== meddler));

      expect(await createRevision(raw, `${name}/a`)).toBe(before);
      expect(told).toEqual([`${name}/a first`]);
      measured('terms ended', us.terms.filter(({ end }) => end !== undefined).length, { most: 0 });
      expect(us.terms).toMatchObject([{ end: undefined }]);
      expect(meddlers.reduce((sum, { liveStreams }) => sum + liveStreams, 0)).toBe(2);
    } finally {
      await (trouble === 'pause' ? member.resume() : member.start());
    }
  });

  it('fault 11: a member without a leader is left by its own refusal, and costs nothing', async () => {
    const { us, told, meddlers, inUse } = await begin('leaderless');
    const { meddler } = await inUse();
    const raw = rawEtcd(etcd.endpoints[0] ?? '');
    const before = await createRevision(raw, 'leaderless/a');

    meddler.meddling.call = () => {
      throw new ScriptedFailure(status.UNAVAILABLE, 'etcdserver: no leader');
    };
    meddler.meddling.refuseKeepalives = 'etcdserver: no leader';
    for (const stream of meddler.keepaliveStreams) {
      stream.fail('etcdserver: no leader');
    }
    await outlastTtl(meddlers.filter((other) => other !== meddler));

    expect(await createRevision(raw, 'leaderless/a')).toBe(before);
    expect(told).toEqual(['leaderless/a first']);
    measured('registrations put again', told.length - 1, { most: 0 });
    measured('terms ended', us.terms.filter(({ end }) => end !== undefined).length, { most: 0 });
    expect(us.terms).toMatchObject([{ end: undefined }]);
    const streams = meddlers.flatMap(({ keepaliveStreams }) => keepaliveStreams);
    expect(streams.every(({ requiresLeader }) => requiresLeader)).toBe(true);
  });

  it('fault 12: a rolling restart by SIGKILL changes the leader once at most, and keeps the registration', async () => {
    const raw = rawEtcd(etcd.endpoints[0] ?? '');
    const candidates = ['first', 'second'].map((identity) =>
      startCandidate(leaseClient(etcd.endpoints), { name: '/rolling', identity, ttlSeconds: 15 }),
    );
    const { told, set } = startRegistrar(leaseClient(etcd.endpoints), { ttlSeconds: 15 });
    await set({ 'rolling/a': 'v' });
    await eventually(() => expect(candidates.flatMap(({ terms }) => terms)).toHaveLength(1));
    const before = await createRevision(raw, 'rolling/a');

    for (const member of etcd.members) {
      await member.restart();
    }

    await eventually(async () => expect(await createRevision(raw, 'rolling/a')).toBe(before));
    expect(told).toEqual(['rolling/a first']);
    await eventually(() => expect(candidates.filter(({ leading }) => leading !== undefined)).toHaveLength(1));
    measured('changes of the leader', candidates.flatMap(({ terms }) => terms).length - 1, { most: 1 });
  });

  it('fault 13: without a majority the leader lets nothing leave, then steps down; all is back within 5 s after', async () => {
    const raw = rawEtcd(etcd.endpoints[0] ?? '');
    const candidates = ['first', 'second'].map((identity) =>
      startCandidate(leaseClient(etcd.endpoints), { name: '/quorum', identity }),
    );
    const { told, set } = startRegistrar(leaseClient(etcd.endpoints), { ttlSeconds: 5 });
    await set({ 'quorum/a': 'v' });
    await eventually(() => expect(candidates.flatMap(({ terms }) => terms)).toHaveLength(1));
    const [first] = candidates.flatMap(({ terms }) => terms);
    const [, second, third] = etcd.members;
    const lostAt = performance.now();

    second?.pause();
    third?.pause();
    await eventually(() => expect(first?.states[0]).toBe('suspended'));
    const suspendedBy = (ttlMs * 2) / 3 + noticingMs;
    measured('suspended after', performance.now() - lostAt, { unit: 'ms', most: suspendedBy });
    await eventually(() => expect(first?.end).toBe('lease-lost'));
    measured('term ended after', performance.now() - lostAt, { unit: 'ms', most: ttlMs + noticingMs });
    await eventually(() => expect(told).toContain('lease lost: expired'));
    second?.resume();
    third?.resume();

    await timed('leader and registration back after', 5_000, () =>
      eventually(async () => {
        expect(candidates.filter(({ leading }) => leading !== undefined)).toHaveLength(1);
        expect([...(await raw.content('quorum/')).keys()]).toEqual(['quorum/a']);
        expect(told).toContain('quorum/a restored');
      }),
    );
  });
});
