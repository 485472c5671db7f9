import { expect, it, onTestFinished } from 'vitest';
import type { Mirror } from '../../src/etcd/mirror/mirror.ts';
import { onEachEtcd } from '../kit/each-etcd.ts';
import { startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { randomFrom } from '../kit/random.ts';
import type { RawEtcd } from '../kit/raw-etcd.ts';
import { contentDifference, faultless, judge, Recorder } from '../kit/recorder.ts';
import { hastyClock, proxyFor, rawEtcd, startRig } from '../kit/rig.ts';
import type { TcpProxy } from '../kit/tcp-proxy.ts';

const root = 's/';
const services = Array.from({ length: 200 }, (_, service) => `s/${service}/`);

/** Nothing is given up, however busy the machine: what is listed by itself after that would be counted. */
const unhurried = { connectTimeoutMs: 30_000, callTimeoutMs: 30_000 };

/** Ranges that lie within each other: one list, one watch and one copy for all of them (docs/adr/0019). */
onEachEtcd('ranges that lie within each other', (options) => {
  it.each(['first', 'last'] as const)(
    'take one list and one watcher of etcd for a catalog of 200 services that is followed %s',
    async (when) => {
      const { endpoint, raw } = await started();
      await raw.commit(new Map(services.slice(0, 100).map((prefix) => [`${prefix}1`, 'v'])));
      const { follow, seen, mirror } = startRig([endpoint], { ...unhurried, clock: hastyClock(0.1) });

      const recorders = (when === 'first' ? [root, ...services] : [...services, root]).map(follow);
      await eventually(() => expect(recorders.every(({ synced }) => synced)).toBe(true));

      expect(seen.listings.map(({ reason, keys }) => [reason, keys])).toEqual([['first', 100]]);
      await eventually(async () => expect(await watchersOf(endpoint)).toBe(1));
      expect(mirror.stats()).toMatchObject({ ranges: 201, watches: 1, keys: 100 });
      const before = await raw.revision();
      await raw.commit(new Map(services.slice(0, 100).map((prefix) => [`${prefix}2`, 'v'])));
      await eventually(() => expect(recorders.filter(({ changes }) => changes.length > 0)).toHaveLength(101));
      for (const recorder of recorders.filter(({ prefix }) => [root, 's/0/', 's/199/'].includes(prefix))) {
        expect(await judge(recorder, raw, before + 1)).toEqual(faultless);
      }
    },
  );

  it('leave one watcher where the wide one comes last, and lose nothing that is written meanwhile', async () => {
    const { endpoint, raw } = await started();
    const rig = startRig([endpoint]);
    const narrow = await Promise.all(services.slice(0, 20).map((prefix) => rig.record(prefix)));
    expect(rig.mirror.stats().watches).toBe(20);
    const before = await raw.revision();

    const writing = writeFor(raw, 300);
    await eventually(() => expect(narrow.some(({ changes }) => changes.length > 0)).toBe(true));
    const wide = rig.follow(root);
    await writing;

    await raw.put('s/0/last', 'v');
    await eventually(() => expect(wide.told.has('s/0/last')).toBe(true));
    await eventually(async () => expect(await watchersOf(endpoint)).toBe(1));
    // What the wide one's list had first is told as a difference, at the revision of that list.
    const { duplicates, outOfOrder, torn, contentDiffers } = faultless;
    for (const recorder of narrow) {
      const verdict = await judge(recorder, raw, before + 1);
      expect(verdict).toMatchObject({ duplicates, outOfOrder, torn, contentDiffers });
    }
  });

  it('go on by themselves where the wide one is released, and lose nothing that is written meanwhile', async () => {
    const { endpoint, raw } = await started();
    const rig = startRig([endpoint]);
    const wide = await rig.record(root);
    const narrow = await Promise.all(services.slice(0, 20).map((prefix) => rig.record(prefix)));
    const before = await raw.revision();

    const writing = writeFor(raw, 300);
    await eventually(() => expect(narrow.some(({ changes }) => changes.length > 0)).toBe(true));
    wide.mirrored.release();
    await writing;

    const last = await raw.put('s/0/last', 'v');
    await eventually(() => expect(narrow[0]?.mirrored.revision).toBe(last));
    await eventually(async () => {
      for (const recorder of narrow) {
        expect(await judge(recorder, raw, before + 1)).toEqual(faultless);
      }
    });
    expect(rig.seen.listings.map(({ reason }) => reason)).toEqual(['first']);
    expect(rig.seen.drifts).toEqual([]);
    await eventually(async () => expect(await watchersOf(endpoint)).toBe(20));
  });

  it('are followed where the user may read them, though the wide one is refused, before and after it is granted', async () => {
    const password = 'not-for-any-log';
    const user = { name: 'reader', password };
    const auth = { rootPassword: 'root', users: [{ ...user, prefix: 's/0/', access: 'readwrite' as const }] };
    const etcd = await startEtcd({ ...options, auth });
    onTestFinished(() => etcd.stop());
    const [endpoint = ''] = etcd.endpoints;
    const raw = rawEtcd(endpoint);
    await raw.logIn('root', 'root');
    const proxy = await proxyFor(endpoint);
    const { follow, record, mirror } = startRig([proxy.address], { user });

    const wide = follow(root);
    const narrow = await record('s/0/');
    const before = await raw.revision();
    await raw.put('s/0/a', 'v');
    await eventually(() => expect(narrow.told.has('s/0/a')).toBe(true));
    await eventually(() =>
      expect(wide.mirrored.failure?.error).toMatchObject({ code: 'ETCD_PERMISSION_DENIED' }),
    );
    expect(narrow.failures).toEqual([]);

    await etcd.etcdctl(['role', 'grant-permission', '--prefix=true', 'reader', 'read', root]);
    await eventually(() => expect(mirror.stats()).toMatchObject({ watches: 1, refusals: [] }), {
      timeoutMs: 30_000,
    });
    await raw.put('s/0/b', 'v');
    await eventually(() => expect(narrow.told.has('s/0/b')).toBe(true));

    await etcd.etcdctl(['role', 'revoke-permission', '--prefix=true', 'reader', root]);
    proxy.cut();
    await eventually(() => expect(mirror.stats()).toMatchObject({ watches: 2, refusals: [{}] }), {
      timeoutMs: 30_000,
    });
    await raw.put('s/0/c', 'v');
    await eventually(() => expect(narrow.told.has('s/0/c')).toBe(true));
    expect(await judge(narrow, raw, before + 1)).toEqual(faultless);
    expect(narrow.failures, 'those of the wide one are not its own').toEqual([]);
  }, 120_000);

  it('hold what etcd holds, as they come and go in any order through cuts and compactions', async () => {
    const { endpoint, raw } = await started();
    const proxy = await proxyFor(endpoint);
    const { mirror } = startRig([proxy.address]);
    const seed = Math.floor(Math.random() * 2 ** 32);
    const recorders = new Set<Recorder>();
    await meddle({ raw, mirror, proxy, recorders, random: randomFrom(seed) });
    await raw.commit(new Map(prefixes.map((prefix) => [`${prefix}z`, 'last'])));

    await eventually(
      async () => {
        for (const recorder of recorders) {
          expect(await contentDifference(recorder, raw), `seed ${seed}: ${recorder.prefix}`).toBe(0);
        }
      },
      { timeoutMs: 30_000 },
    );
    for (const { changes, syncedCalls, prefix } of recorders) {
      expect(syncedCalls, `seed ${seed}: ${prefix}`).toBe(1);
      const last = new Map<string, number>();
      for (const { key, revision } of changes) {
        expect(revision, `seed ${seed}: ${key} of ${prefix} goes on`).toBeGreaterThan(last.get(key) ?? 0);
        last.set(key, revision);
      }
    }
  }, 120_000);

  /** An etcd of its own: its watchers are counted. */
  async function started() {
    const etcd = await startEtcd(options);
    onTestFinished(() => etcd.stop());
    const [endpoint = ''] = etcd.endpoints;
    return { endpoint, raw: rawEtcd(endpoint) };
  }
});

const prefixes = ['', 's/', 's/1/', 's/1/1', 's/2/', 's/2', 't/'];

interface Meddling {
  readonly raw: RawEtcd;
  readonly mirror: Mirror;
  readonly proxy: TcpProxy;
  /** Those that follow in the end. */
  readonly recorders: Set<Recorder>;
  readonly random: () => number;
}

/** Follows and releases ranges at random while keys are written, streams are cut and history is compacted. */
async function meddle({ raw, mirror, proxy, recorders, random }: Meddling): Promise<void> {
  const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;
  const release = (recorder: Recorder | undefined): void => {
    recorder?.mirrored.release();
    recorders.delete(recorder as Recorder);
  };
  for (let step = 0; step < 400; step += 1) {
    const kind = random();
    if (kind < 0.1) {
      recorders.add(new Recorder(mirror, pick(prefixes)));
    } else if (kind < 0.18) {
      release(pick([...recorders]));
    } else if (kind < 0.21) {
      proxy.cut();
    } else if (kind < 0.23) {
      // Of a write of its own: what is compacted already cannot be compacted again.
      await raw.compact(await raw.put('t/compacted', String(step)));
    } else {
      const key = `${pick(['s/1/1', 's/1/', 's/2/', 's/', 't/'])}${Math.floor(random() * 5)}`;
      await raw.commit(new Map([[key, random() < 0.3 ? undefined : String(step)]]));
    }
  }
}

/** Writes and deletes instances of twenty services, many at a time. */
async function writeFor(raw: RawEtcd, rounds: number): Promise<void> {
  for (let round = 0; round < rounds; round += 1) {
    const [a, b] = [round % 20, (round * 7) % 20];
    await Promise.all([
      raw.put(`s/${a}/${round % 3}`, String(round)),
      raw.commit(new Map([[`s/${b}/x`, round % 2 === 0 ? 'v' : undefined]])),
    ]);
  }
}

/** How many watches etcd serves. */
async function watchersOf(endpoint: string): Promise<number> {
  const url = endpoint.includes('://') ? endpoint : `http://${endpoint}`;
  const text = await (await fetch(`${url}/metrics`)).text();
  return Number(/^etcd_debugging_mvcc_watcher_total (\d+)$/m.exec(text)?.[1]);
}
