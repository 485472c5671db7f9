import { afterAll, beforeAll, expect, it } from 'vitest';
import { bufferOf } from '../../src/etcd/bytes.ts';
import { putRpc } from '../../src/etcd/client/rpc.ts';
import { keyOf, prefixRange, singleRange } from '../../src/etcd/key.ts';
import { onEachEtcd } from '../kit/each-etcd.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import type { RawEtcd } from '../kit/raw-etcd.ts';
import { contentDifference, faultless, judge } from '../kit/recorder.ts';
import { proxyFor, rawEtcd, startRig } from '../kit/rig.ts';

/** Where earlier users of etcd for service discovery lost something, by the numbers of the published accounts. */
onEachEtcd('cases', (options) => {
  let etcd: RegistryEtcd;
  const endpoint = (): string => etcd.endpoints[0] ?? '';

  beforeAll(async () => {
    etcd = await startEtcd(options);
  });
  afterAll(() => etcd.stop());

  it('case 1: tells 100 keys with a TTL and their 100 expiries to a fast and to a slow consumer', async () => {
    const { record } = startRig([endpoint()]);
    const raw = rawEtcd(endpoint());
    const fast = await record('case1/');
    const slow = await record('case1/', 5);
    const before = await raw.revision();

    await Promise.all(numbered('case1/', 100).map(async (key) => raw.put(key, 'alive', await raw.grant(2))));

    for (const recorder of [fast, slow]) {
      await eventually(() => expect(recorder.changes).toHaveLength(200));
      expect(recorder.changes.filter(({ registration }) => registration === undefined)).toHaveLength(100);
      expect(await judge(recorder, raw, before + 1)).toEqual(faultless);
    }
  });

  it('case 2: resumes by revision after 2000 changes within a second while away, without listing again', async () => {
    const { raw, proxy, record, seen } = await away('case2a/');
    const recorder = await record('case2a/');
    const before = await raw.revision();
    proxy.refuse();
    proxy.cut();
    await writeMany(raw, 'case2a/', 2000);

    proxy.heal();

    await eventually(() => expect(recorder.changes.length).toBeGreaterThanOrEqual(2000));
    expect(await judge(recorder, raw, before + 1)).toEqual(faultless);
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first']);
  });

  it('case 2: lists once more where history was compacted meanwhile, and tells exactly the true differences', async () => {
    const { raw, proxy, record, seen } = await away('case2b/');
    await Promise.all(numbered('case2b/', 300).map((key) => raw.put(key, 'before')));
    const recorder = await record('case2b/');
    const before = modRevisions(await raw.content('case2b/'));
    recorder.startOver();
    proxy.refuse();
    proxy.cut();
    await writeMany(raw, 'case2b/', 200);
    await Promise.all(
      numbered('case2b/', 250)
        .slice(200)
        .map((key) => raw.delete(key)),
    );
    await raw.put('case2b/new', 'after');
    await raw.compact(await raw.revision());

    proxy.heal();

    await eventually(async () => expect(await contentDifference(recorder, raw)).toBe(0), {
      timeoutMs: 5_000 + marginMs,
    });
    const after = modRevisions(await raw.content('case2b/'));
    const differing = new Set(
      [...before.keys(), ...after.keys()].filter((key) => before.get(key) !== after.get(key)),
    );
    expect(new Set(recorder.changes.map(({ key }) => String(key)))).toEqual(differing);
    expect(recorder.changes).toHaveLength(differing.size);
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first', 'compacted']);
    expect(recorder.syncedCalls).toBe(1);
  });

  it('case 3: sees every depth below a directory and nothing beside it', async () => {
    const { record } = startRig([endpoint()]);
    const raw = rawEtcd(endpoint());
    const directory = await record('/case3/b/');

    const inside = ['/case3/b/x', '/case3/b/x/y/z', '/case3/b//', '/case3/b/\u00ff'];
    for (const key of [...inside, '/case3/b', '/case3/bc', '/case3/b0', '/case3/b.', '/case3/']) {
      await raw.put(key, 'v');
    }
    await raw.put('/case3/b/last', 'v');

    await eventually(() => expect(directory.told.has('/case3/b/last')).toBe(true));
    expect(new Set(directory.told.keys())).toEqual(new Set([...inside, '/case3/b/last']));
    expect(await contentDifference(directory, raw)).toBe(0);
  });

  it('case 3: follows a single key without the keys below it', async () => {
    const { mirror } = startRig([endpoint()]);
    const raw = rawEtcd(endpoint());
    const seenKeys: string[] = [];
    mirror.follow(singleRange(keyOf('config1')), {
      changed: (changes) => seenKeys.push(...changes.map(({ key }) => String(key))),
      synced: () => {},
      failureChanged: () => {},
    });

    await raw.put('config1/x', 'v');
    await raw.put('config1', 'v');

    await eventually(() => expect(seenKeys).toEqual(['config1']));
  });

  it('case 4: follows four ranges while the same process writes their keys over the same client', async () => {
    const { client, record } = startRig([endpoint()]);
    const raw = rawEtcd(endpoint());
    const prefixes = ['case4/a/', 'case4/b/', 'case4/c/', 'case4/d/'];
    const recorders = await Promise.all(prefixes.map((prefix) => record(prefix)));
    const before = await raw.revision();

    const writes = prefixes
      .flatMap((prefix) => numbered(prefix, 100))
      .map((key) => client.write(putRpc, { key: bufferOf(keyOf(key)), value: Buffer.from('v') }));

    await Promise.all(writes);
    for (const recorder of recorders) {
      await eventually(() => expect(recorder.changes).toHaveLength(100));
      expect(await judge(recorder, raw, before + 1)).toEqual(faultless);
    }
  });

  it('case 6: tells what was written between the list and the watch', async () => {
    const proxy = await proxyFor(endpoint());
    const raw = rawEtcd(endpoint());
    const written: Promise<number>[] = [];
    const writeInTheGap = (): void => {
      // The list has been read, the request for the watch not yet sent: it waits in the proxy until the key is written.
      proxy.blackhole('toServer');
      written.push(raw.put('case6/gap', 'v').finally(() => proxy.heal()));
    };
    const { record } = startRig([proxy.address], { observer: { listed: writeInTheGap } });

    const recorder = await record('case6/');

    await eventually(() => expect([...recorder.told]).toEqual([['case6/gap', 'v']]));
    expect(await Promise.all(written)).toEqual(recorder.changes.map(({ revision }) => revision));
  });

  it('case 11: keeps keys without a lease through a restart of etcd, and follows on', async () => {
    const { record, seen } = startRig([endpoint()]);
    const raw = rawEtcd(endpoint());
    await Promise.all(numbered('case11/', 10).map((key) => raw.put(key, 'v')));
    const recorder = await record('case11/');
    recorder.startOver();

    await etcd.members[0]?.restart();
    await eventually(() => raw.put('case11/after', 'v'));

    await eventually(() => expect(recorder.changes.map(({ key }) => String(key))).toEqual(['case11/after']));
    expect([...recorder.mirrored.registrations.values()].map(({ lease }) => lease)).toEqual(
      Array(11).fill('0'),
    );
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first']);
  });

  /** A mirror behind a proxy, that can be sent away. */
  async function away(prefix: string) {
    const proxy = await proxyFor(endpoint());
    const raw = rawEtcd(endpoint());
    await raw.put(`${prefix}first`, 'v');
    return { proxy, raw, ...startRig([proxy.address]) };
  }
});

it('case 5: follows 10 000 prefixes in one process and delivers every event', async () => {
  const etcd = await startEtcd();
  const raw = rawEtcd(etcd.endpoints[0] ?? '');
  const { mirror } = startRig(etcd.endpoints);
  const told = new Map<string, number>();
  let synced = 0;
  const ranges = numbered('case5/', 10_000).map((key) => prefixRange(keyOf(`${key}/`)));
  for (const range of ranges) {
    mirror.follow(range, {
      changed: (changes) => {
        for (const { key } of changes) {
          told.set(key, (told.get(key) ?? 0) + 1);
        }
      },
      synced: () => {
        synced += 1;
      },
      failureChanged: () => {},
    });
  }
  await eventually(() => expect(synced).toBe(10_000), { timeoutMs: 60_000 });
  const keys = numbered('case5/', 10_000).map((key) => `${key}/instance`);

  for (let start = 0; start < keys.length; start += 100) {
    await raw.commit(new Map(keys.slice(start, start + 100).map((key) => [key, 'v'])));
  }

  await eventually(() => expect(told.size).toBe(10_000), { timeoutMs: 60_000 });
  expect([...told.values()].every((times) => times === 1)).toBe(true);
  await etcd.stop();
});

function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${prefix}${index}`);
}

/** So many changes as fast as etcd takes them. */
async function writeMany(raw: RawEtcd, prefix: string, count: number): Promise<void> {
  await Promise.all(numbered(prefix, count).map((key) => raw.put(key, 'changed')));
}

function modRevisions(content: Awaited<ReturnType<RawEtcd['content']>>): Map<string, string> {
  return new Map([...content].map(([key, { mod_revision }]) => [key, mod_revision]));
}
