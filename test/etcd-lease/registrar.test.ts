import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { keyOf } from '../../src/etcd/key.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import { leaseClient, meddlerFor, promptly, startRegistrar } from '../kit/lease-rig.ts';
import { measured } from '../kit/measured.ts';
import { loseAnswer } from '../kit/meddler.ts';
import type { RawEtcd } from '../kit/raw-etcd.ts';
import { proxyFor, rawEtcd } from '../kit/rig.ts';

/** Keys that are kept in etcd on one lease, before a real etcd. */
describe('a registrar', () => {
  let etcd: RegistryEtcd;
  const endpoint = (): string => etcd.endpoints[0] ?? '';

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.stop());

  /** Keys below the prefix with value and lease, as etcd holds them. */
  const held = async (raw: RawEtcd, prefix: string): Promise<Record<string, string>> => {
    const content = await raw.content(prefix);
    return Object.fromEntries([...content].map(([key, { value }]) => [key, value.toString()]));
  };
  const leaseOf = async (raw: RawEtcd, key: string): Promise<string | undefined> =>
    (await raw.content(key)).get(key)?.lease;

  it('keeps any number of keys on one lease, and sets, changes and removes them while it runs', async () => {
    const raw = rawEtcd(endpoint());
    const { registrar, told, set } = startRegistrar(leaseClient(etcd.endpoints));

    await set({ 'many/a': '1', 'many/b': '2', 'many/c': '3' });
    await set({ 'many/b': '22' });
    await registrar.remove(keyOf('many/c'));

    expect(await held(raw, 'many/')).toEqual({ 'many/a': '1', 'many/b': '22' });
    const content = await raw.content('many/');
    expect(new Set(Array.from(content.values(), ({ lease }) => lease)).size).toBe(1);
    expect(content.get('many/a')?.version).toBe('1');
    expect(told.toSorted()).toEqual([
      'many/a first',
      'many/b first',
      'many/b updated',
      'many/c first',
      'many/c removed',
    ]);
  });

  it('case 8: puts every key again under a new lease within a second when somebody revokes its lease', async () => {
    const raw = rawEtcd(endpoint());
    const keys = Object.fromEntries(
      Array.from({ length: 100 }, (_, index) => [`revoked/${index}`, `v${index}`]),
    );
    const { told, set } = startRegistrar(leaseClient(etcd.endpoints), { ttlSeconds: 60 });
    await set(keys);
    const before = (await leaseOf(raw, 'revoked/0')) ?? '';

    await raw.revoke(before);

    // A keepalive would find out after 20 s.
    await eventually(async () => expect(await held(raw, 'revoked/')).toEqual(keys), { timeoutMs: 10_000 });
    const after = await leaseOf(raw, 'revoked/0');
    expect(after).not.toBe(before);
    expect(told.filter((line) => line.startsWith('lease lost'))).toEqual(['lease lost: not-found']);
  });

  it('case 8: puts every key again within a second when etcd answers after an outage longer than the TTL', async () => {
    const proxy = await proxyFor(endpoint());
    const raw = rawEtcd(endpoint());
    const { told, set } = startRegistrar(leaseClient([proxy.address]));
    await set({ 'outage/a': '1', 'outage/b': '2' });

    proxy.blackhole();
    await eventually(async () => expect(await held(raw, 'outage/')).toEqual({}));
    expect(told).toContain('lease lost: expired');
    proxy.heal();

    await eventually(
      async () => expect(await held(raw, 'outage/')).toEqual({ 'outage/a': '1', 'outage/b': '2' }),
      promptly,
    );
  });

  it('case 8: puts every key again when etcd is restored from before they were registered', async () => {
    const restored = await startEtcd();
    onTestFinished(() => restored.stop());
    const directory = await mkdtemp(join(tmpdir(), 'etcd-endpoints-lease-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const raw = rawEtcd(restored.endpoints[0] ?? '');
    const { set } = startRegistrar(leaseClient(restored.endpoints), { ttlSeconds: 15 });
    await raw.put('other', 'x');
    await restored.saveSnapshot(join(directory, 'snapshot'));
    await set({ 'restored/a': '1' });

    await restored.restoreFromSnapshot(join(directory, 'snapshot'));

    await eventually(async () => expect(await held(raw, 'restored/')).toEqual({ 'restored/a': '1' }));
  });

  it('case 9: leaves nothing behind when it is closed', async () => {
    const raw = rawEtcd(endpoint());
    const { registrar, set } = startRegistrar(leaseClient(etcd.endpoints), { ttlSeconds: 600 });
    await set({ 'closed/a': '1', 'closed/b': '2' });
    const lease = (await leaseOf(raw, 'closed/a')) ?? '';

    await registrar.close();

    expect(await held(raw, 'closed/')).toEqual({});
    expect(await etcd.etcdctl(['lease', 'timetolive', BigInt(lease).toString(16)])).toContain(
      'already expired',
    );
  });

  it('fault 15: sends no keepalive once it is closed', async () => {
    const meddler = await meddlerFor(endpoint());
    const raw = rawEtcd(endpoint());
    const [ended, other] = [1, 2].map(() =>
      startRegistrar(leaseClient([meddler.address]), { ttlSeconds: 2 }),
    );
    await Promise.all([ended?.set({ 'ended/a': '1' }), other?.set({ 'ongoing/a': '1' })]);
    const lease = await leaseOf(raw, 'ended/a');
    const counts = (): { ended: number; other: number } => {
      const ids = meddler.keepaliveStreams.flatMap(({ keepalives }) => keepalives.map(({ ID }) => ID));
      const own = ids.filter((id) => id === lease).length;
      return { ended: own, other: ids.length - own };
    };
    await eventually(() => expect(counts().ended).toBeGreaterThan(0));

    await ended?.registrar.close();
    const before = counts();
    await eventually(() => expect(counts().other).toBeGreaterThan(before.other + 2));

    measured('keepalives after the release', counts().ended - before.ended, { most: 0 });
    measured('live streams', meddler.liveStreams, { most: 1 });
    expect(meddler.liveStreams).toBe(1);
  });

  it('case 9: ends within a few seconds when etcd does not answer', async () => {
    const proxy = await proxyFor(endpoint());
    const { registrar, set } = startRegistrar(leaseClient([proxy.address]));
    await set({ 'stuck/a': '1' });
    proxy.blackhole();
    const started = performance.now();

    await registrar.close();

    expect(performance.now() - started).toBeLessThan(2_000 + marginMs);
  });

  it('fault 18: puts a key once when the answer is lost, and grants one lease when that answer is lost', async () => {
    const meddler = await meddlerFor(endpoint());
    const raw = rawEtcd(endpoint());
    const before = await leases(etcd);
    const lost = new Set<string>();
    meddler.meddling.call = (method, forward) => {
      if (!['Txn', 'LeaseGrant'].includes(method) || lost.has(method)) {
        return forward();
      }
      lost.add(method);
      return loseAnswer(forward);
    };
    const { set } = startRegistrar(leaseClient([meddler.address]));

    await set({ 'lost/a': '1' });

    expect([...lost].toSorted()).toEqual(['LeaseGrant', 'Txn']);
    const key = (await raw.content('lost/')).get('lost/a');
    expect(key?.version).toBe('1');
    const now = await leases(etcd);
    expect(now.filter((lease) => !before.includes(lease))).toEqual([key?.lease]);
    measured('leases granted', now.length - before.length, { most: 1 });
    expect(meddler.calls.get('LeaseTimeToLive')).toBe(1);
  });

  it('puts a key again at once that somebody has deleted', async () => {
    const raw = rawEtcd(endpoint());
    const { told, set } = startRegistrar(leaseClient(etcd.endpoints));
    await set({ 'deleted/a': '1' });

    await raw.delete('deleted/a');

    await eventually(() => expect(told).toEqual(['deleted/a first', 'deleted/a restored']), promptly);
    expect(await held(raw, 'deleted/')).toEqual({ 'deleted/a': '1' });
  });

  it('binds a key to its lease again that somebody has put with the same value', async () => {
    const raw = rawEtcd(endpoint());
    const { told, set } = startRegistrar(leaseClient(etcd.endpoints));
    await set({ 'unbound/a': '1' });
    const lease = await leaseOf(raw, 'unbound/a');

    await raw.put('unbound/a', '1');

    await eventually(() => expect(told).toContain('unbound/a restored'), promptly);
    expect(await leaseOf(raw, 'unbound/a')).toBe(lease);
  });

  it('leaves a key to whoever overwrites it, tells so once, and puts it again when it is gone', async () => {
    const raw = rawEtcd(endpoint());
    const { told, set } = startRegistrar(leaseClient(etcd.endpoints));
    await set({ 'fought/a': 'ours' });

    await raw.put('fought/a', 'theirs', await raw.grant(5));
    await eventually(() => expect(told).toEqual(['fought/a first', 'fought/a overwritten']));
    expect(await held(raw, 'fought/')).toEqual({ 'fought/a': 'theirs' });

    await eventually(() => expect(told.at(-1)).toBe('fought/a restored'));
    expect(await held(raw, 'fought/')).toEqual({ 'fought/a': 'ours' });
  });

  it('lets two with the same key and value stand by for each other, the later one in front', async () => {
    const raw = rawEtcd(endpoint());
    const [first, second] = [
      startRegistrar(leaseClient(etcd.endpoints)),
      startRegistrar(leaseClient(etcd.endpoints)),
    ];
    await first.set({ 'twins/a': 'v' });
    await second.set({ 'twins/a': 'v' });
    await eventually(() => expect(first.told).toEqual(['twins/a first', 'twins/a overwritten']));
    const { version } = (await raw.content('twins/')).get('twins/a') ?? {};

    await second.registrar.close();

    await eventually(() => expect(first.told.at(-1)).toBe('twins/a restored'), promptly);
    expect(version).toBe('2');
  });

  describe('that finds a live key of somebody else', () => {
    it('takes it over at once where the value is the same', async () => {
      const raw = rawEtcd(endpoint());
      await raw.put('same/a', 'v', await raw.grant(600));
      const { told, set } = startRegistrar(leaseClient(etcd.endpoints));

      await set({ 'same/a': 'v' });

      expect(told).toEqual(['same/a first']);
    });

    it('waits until its lease has run out', async () => {
      const raw = rawEtcd(endpoint());
      await raw.put('dying/a', 'old', await raw.grant(2));
      const { told, set } = startRegistrar(leaseClient(etcd.endpoints));

      await set({ 'dying/a': 'new' });

      expect(told).toEqual(['dying/a waiting', 'dying/a first']);
      expect(await held(raw, 'dying/')).toEqual({ 'dying/a': 'new' });
    });

    it('waits for the lease of the next holder too, where the first has gone and another was faster', async () => {
      const raw = rawEtcd(endpoint());
      const meddler = await meddlerFor(endpoint());
      await raw.put('passed/a', 'first', await raw.grant(600));
      const { told, set } = startRegistrar(leaseClient([meddler.address]));
      const registered = set({ 'passed/a': 'ours' });
      await eventually(() => expect(told).toEqual(['passed/a waiting']));

      const held = Promise.withResolvers<void>();
      meddler.meddling.call = async (_, forward) => {
        await held.promise;
        return await forward();
      };
      await raw.delete('passed/a');
      await raw.put('passed/a', 'second', await raw.grant(5));
      held.resolve();

      await registered;
      expect(told).toEqual(['passed/a waiting', 'passed/a waiting', 'passed/a first']);
    });

    it('refuses where the holder puts it under one lease after another, as it lives', async () => {
      const raw = rawEtcd(endpoint());
      await raw.put('renewed/a', 'theirs', await raw.grant(5));
      const { told, set } = startRegistrar(leaseClient(etcd.endpoints));
      const refused = expect(set({ 'renewed/a': 'ours' })).rejects.toMatchObject({
        code: 'REGISTRATION_TAKEN',
      });
      await eventually(() => expect(told).toEqual(['renewed/a waiting']));

      await raw.put('renewed/a', 'theirs', await raw.grant(600));

      await refused;
      expect(told).toEqual(['renewed/a waiting', 'failing: REGISTRATION_TAKEN']);
    });

    it('refuses when it is kept alive beyond its TTL, and touches nothing', async () => {
      const raw = rawEtcd(endpoint());
      const other = startRegistrar(leaseClient(etcd.endpoints));
      await other.set({ 'alive/a': 'theirs' });
      const { registrar, set } = startRegistrar(leaseClient(etcd.endpoints));

      await expect(set({ 'alive/a': 'ours' })).rejects.toMatchObject({
        name: 'TerminalError',
        code: 'REGISTRATION_TAKEN',
        message: expect.stringMatching(
          /^the key alive\/a is registered .* under the lease [0-9a-f]+; .*--takeover/,
        ),
      });

      await registrar.close();
      expect(await held(raw, 'alive/')).toEqual({ 'alive/a': 'theirs' });
      expect(other.told).toEqual(['alive/a first']);
    });

    it('refuses at once where it has no lease, and would never go', async () => {
      const raw = rawEtcd(endpoint());
      await raw.put('eternal/a', 'theirs');
      const { set, told } = startRegistrar(leaseClient(etcd.endpoints));

      await expect(set({ 'eternal/a': 'ours' })).rejects.toThrow(/without a lease/);

      expect(told).toEqual(['failing: REGISTRATION_TAKEN']);
    });

    it('takes it where it is told to', async () => {
      const raw = rawEtcd(endpoint());
      const other = startRegistrar(leaseClient(etcd.endpoints));
      await other.set({ 'taken/a': 'theirs' });
      const { set } = startRegistrar(leaseClient(etcd.endpoints), { takeover: true });

      await set({ 'taken/a': 'ours' });

      await eventually(() => expect(other.told).toEqual(['taken/a first', 'taken/a overwritten']));
      expect(await held(raw, 'taken/')).toEqual({ 'taken/a': 'ours' });
    });
  });
});

describe('a registrar of a user who may only read', () => {
  it('says so, leaves nothing behind, and registers as soon as the permission is there', async () => {
    const etcd = await startEtcd({
      auth: {
        rootPassword: 'root-secret',
        users: [{ name: 'reader', password: 'reader-secret', prefix: 'locked/', access: 'read' }],
      },
    });
    onTestFinished(() => etcd.stop());
    const client = leaseClient(etcd.endpoints, { user: { name: 'reader', password: 'reader-secret' } });
    const { told, set } = startRegistrar(client);
    const registered = set({ 'locked/a': '1' });

    await eventually(() => expect(told).toEqual(['failing: ETCD_PERMISSION_DENIED']));
    expect(await etcd.etcdctl(['get', '--prefix', 'locked/'])).toBe('');
    await etcd.etcdctl(['role', 'grant-permission', '--prefix=true', 'reader', 'readwrite', 'locked/']);
    await registered;

    expect(await etcd.etcdctl(['get', '--prefix', 'locked/', '--print-value-only'])).toBe('1\n');
  });
});

/** Ids of all leases, in decimal. */
async function leases(etcd: RegistryEtcd): Promise<string[]> {
  const lines = (await etcd.etcdctl(['lease', 'list'])).trim().split('\n');
  return lines.slice(1).map((hex) => BigInt(`0x${hex}`).toString());
}
