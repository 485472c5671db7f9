import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { measured, timed } from '../kit/measured.ts';
import { describeNeeding } from '../kit/needs.ts';
import { contentDifference } from '../kit/recorder.ts';
import { proxyFor, rawEtcd, startRig, startScripted } from '../kit/rig.ts';

/** History that is gone: faults 5 and 6, and what etcd3 made of a compacted watch. */
describe('compaction', () => {
  let etcd: RegistryEtcd;
  const endpoint = (): string => etcd.endpoints[0] ?? '';

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.stop());

  it('fault 5: lists each range once more, and tells of keys that vanished meanwhile', async () => {
    const proxy = await proxyFor(endpoint());
    const raw = rawEtcd(endpoint());
    const { record, seen } = startRig([proxy.address]);
    for (const key of ['five/a/stays', 'five/a/changes', 'five/a/goes', 'five/b/stays']) {
      await raw.put(key, 'before');
    }
    const changing = await record('five/a/');
    const quiet = await record('five/b/');
    for (const recorder of [changing, quiet]) {
      recorder.startOver();
    }
    proxy.refuse();
    proxy.cut();
    await raw.put('five/a/changes', 'after');
    await raw.delete('five/a/goes');
    await raw.put('five/a/comes', 'after');
    await raw.compact(await raw.revision());

    proxy.heal();

    await timed('converged after', 5_000, async () => {
      await eventually(() => expect(seen.listings).toHaveLength(4));
      await eventually(async () => expect(await contentDifference(changing, raw)).toBe(0));
    });
    measured('lists of two ranges', seen.listings.length - 2, { most: 2 });
    expect(
      changing.changes.map(({ key, registration }) => [String(key), registration?.value]).sort(),
    ).toEqual([
      ['five/a/changes', 'after'],
      ['five/a/comes', 'after'],
      ['five/a/goes', undefined],
    ]);
    expect(quiet.changes).toEqual([]);
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first', 'first', 'compacted', 'compacted']);
    expect(seen.compactions).toBe(2);
  });
});

describeNeeding('etcd >= 3.5', 'compaction, where etcd notifies progress', () => {
  it('fault 6: does not list an idle range again, because progress has moved its watch past the compaction', async () => {
    const etcd = await startEtcd({ flags: { 'experimental-watch-progress-notify-interval': '300ms' } });
    onTestFinished(() => etcd.stop());
    const [endpoint = ''] = etcd.endpoints;
    const proxy = await proxyFor(endpoint);
    const raw = rawEtcd(endpoint);
    const { record, seen } = startRig([proxy.address]);
    const idle = await record('six/');
    const before = idle.mirrored.revision;
    await raw.put('elsewhere', 'v');
    await eventually(() => expect(idle.mirrored.revision).toBeGreaterThan(before));

    await raw.compact(before + 1);
    proxy.cut();

    const written = await raw.put('six/new', 'v');
    await eventually(() => expect(idle.changes.map(({ revision }) => revision)).toEqual([written]));
    measured('lists where progress is told', seen.listings.length - 1, { most: 0 });
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first']);
  });
});

describe('compaction, by a scripted server', () => {
  it('fault 6: lists an idle range at most once more where progress is never told', async () => {
    const etcd = await startScripted();
    etcd.tellsProgress = false;
    const { record, seen } = startRig([etcd.address]);
    const idle = await record('k/');
    await eventually(() => expect(etcd.creates).not.toEqual([]));
    for (let count = 0; count < 10; count += 1) {
      etcd.commit({ key: 'elsewhere', value: 'v' });
    }
    etcd.compacted = etcd.revision;

    etcd.cutStreams();
    await eventually(() => expect(seen.reconnects).toBeGreaterThan(0));
    etcd.commit({ key: 'k/new', value: 'v' });

    await eventually(() => expect([...idle.told.keys()]).toEqual(['k/new']));
    measured('lists where no progress is told', seen.listings.length - 1, { most: 1 });
  });

  it('starts a list again whose revision is compacted between two pages', async () => {
    const etcd = await startScripted();
    for (let count = 0; count < 2500; count += 1) {
      etcd.commit({ key: `k/${count}`, value: 'v'.repeat(1000) });
    }
    etcd.script.range = (request) => {
      if (etcd.ranges.length === 2) {
        etcd.commit({ key: 'k/new', value: 'v' });
        etcd.compacted = etcd.revision;
      }
      return etcd.answerRange(request);
    };

    const { record, seen } = startRig([etcd.address]);
    const recorder = await record('k/');

    expect(recorder.told.size).toBe(2501);
    expect(seen.listings).toHaveLength(1);
  });

  it('releases and closes after a compaction without waiting for anything', async () => {
    const etcd = await startScripted();
    etcd.revision = 1000;
    const compacting = (
      create: { readonly watch_id: string },
      stream: { send(response: object): void },
    ): void => {
      stream.send({ watch_id: create.watch_id, created: true });
      stream.send({ watch_id: create.watch_id, canceled: true, compact_revision: '1001' });
    };
    etcd.scriptWatches('k/', ...Array(1000).fill(compacting));
    const { mirror, client, record, seen } = startRig([etcd.address]);
    const recorder = await record('k/');
    await eventually(() => expect(seen.compactions).toBeGreaterThan(0));

    recorder.mirrored.release();

    await expect(mirror.close()).resolves.toBeUndefined();
    await expect(client.close()).resolves.toBeUndefined();
  });
});
