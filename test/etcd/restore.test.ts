import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { onEachEtcd } from '../kit/each-etcd.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { measured, timed } from '../kit/measured.ts';
import type { RawEtcd } from '../kit/raw-etcd.ts';
import { contentDifference } from '../kit/recorder.ts';
import { hastyClock, proxyFor, rawEtcd, startRig, startScripted } from '../kit/rig.ts';

/** Clusters that are not what they were: fault 14. */
onEachEtcd('a cluster restored from a snapshot', (options) => {
  let etcd: RegistryEtcd;
  let directory: string;
  const endpoint = (): string => etcd.endpoints[0] ?? '';

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'etcd-endpoints-restore-'));
    etcd = await startEtcd(options);
  });
  afterEach(async () => {
    await etcd.stop();
    await rm(directory, { recursive: true });
  });

  it('fault 14: lists once when the cluster comes back at an older revision, and follows on', async () => {
    const { raw, recorder, seen, restore } = await mirrored();

    await restore();

    await timed('converged after', 15_000, () =>
      eventually(async () => expect(await contentDifference(recorder, raw)).toBe(0)),
    );
    expect(recorder.told.get('r/kept')).toBe('old');
    expect(recorder.told.has('r/lost')).toBe(false);
    await raw.put('r/later', 'v');
    await eventually(() => expect(recorder.told.get('r/later')).toBe('v'));
    measured('lists', seen.listings.length - 1, { most: 1 });
  });

  it('fault 14: finds by comparing keys that it was restored and then written past our revision', async () => {
    const { raw, recorder, seen, proxy, restore } = await mirrored();
    const ours = recorder.mirrored.revision;
    proxy.refuse();
    proxy.cut();
    await restore();
    await eventually(async () => {
      await raw.put('r/other', `${Math.random()}`);
      expect(await raw.revision()).toBeGreaterThan(ours + 10);
    });

    proxy.heal();

    await timed('converged after', 15_000, () =>
      eventually(async () => expect(await contentDifference(recorder, raw)).toBe(0)),
    );
    expect(recorder.told.has('r/lost')).toBe(false);
    await raw.put('r/later', 'v');
    await eventually(() => expect(recorder.told.get('r/later')).toBe('v'));
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first', 'drift']);
    expect(seen.drifts).toHaveLength(1);
    measured('lists', seen.listings.length - 1, { most: 1 });
  });

  /** A mirror behind a proxy that has seen what the snapshot does not hold. */
  async function mirrored() {
    const proxy = await proxyFor(endpoint());
    const raw = rawEtcd(endpoint());
    const rig = startRig([proxy.address], { clock: hastyClock(5) });
    await raw.put('r/kept', 'old');
    const snapshot = join(directory, 'snapshot.db');
    await etcd.saveSnapshot(snapshot);
    await raw.put('r/kept', 'new');
    await writeSome(raw);
    const recorder = await rig.record('r/');
    expect(recorder.told.get('r/kept')).toBe('new');
    return { proxy, raw, recorder, seen: rig.seen, restore: () => etcd.restoreFromSnapshot(snapshot) };
  }
});

describe('another cluster at the same address', () => {
  it('fault 14: lists once, and tells exactly what differs', async () => {
    const [before, after] = await Promise.all([startEtcd(), startEtcd()]);
    const proxy = await proxyFor(before.endpoints[0] ?? '');
    const [rawBefore, rawAfter] = [rawEtcd(before.endpoints[0] ?? ''), rawEtcd(after.endpoints[0] ?? '')];
    await rawBefore.put('r/only-before', 'v');
    await writeSome(rawAfter);
    await rawAfter.put('r/only-after', 'v');
    const { record, seen } = startRig([proxy.address]);
    const recorder = await record('r/');

    proxy.redirect(Number(after.endpoints[0]?.split(':').at(-1)));
    proxy.cut();

    await eventually(async () => expect(await contentDifference(recorder, rawAfter)).toBe(0));
    expect(recorder.told.has('r/only-before')).toBe(false);
    await rawAfter.put('r/later', 'v');
    await eventually(() => expect(recorder.told.has('r/later')).toBe(true));
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first', 'cluster-changed']);
    await Promise.all([before.stop(), after.stop()]);
  });

  it('fault 14: tells it by the first header after the reconnect', async () => {
    const etcd = await startScripted();
    etcd.commit({ key: 'k/gone', value: 'v' });
    const { record, seen } = startRig([etcd.address]);
    const recorder = await record('k/');

    etcd.forget();
    etcd.clusterId = '8';
    etcd.commit({ key: 'k/new', value: 'v' });
    etcd.cutStreams();

    await eventually(() => expect([...recorder.told.keys()]).toEqual(['k/new']));
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first', 'cluster-changed']);
  });

  it('fault 14: repairs 200 ranges together, not one after the other', async () => {
    const etcd = await startScripted();
    const prefixes = Array.from({ length: 200 }, (_, index) => `k/${index}/`);
    etcd.commit(...prefixes.map((prefix) => ({ key: `${prefix}gone`, value: 'v' })));
    const { record } = startRig([etcd.address], { clock: hastyClock(5) });
    const recorders = await Promise.all(prefixes.map((prefix) => record(prefix)));

    etcd.forget();
    etcd.commit(...prefixes.map((prefix) => ({ key: `${prefix}new`, value: 'v' })));
    etcd.revision += 10;
    etcd.cutStreams();

    await eventually(() =>
      expect(recorders.every(({ told, prefix }) => told.size === 1 && told.has(`${prefix}new`))).toBe(true),
    );
  });

  it('does not take a member that lags for a restored cluster', async () => {
    const etcd = await startScripted();
    etcd.revision = 100;
    etcd.commit({ key: 'k/a', value: 'v' });
    const creates = etcd.scriptWatches(
      'k/',
      (create, stream) => etcd.serveWatch(create, stream),
      (create, stream) => {
        stream.send({ watch_id: create.watch_id, created: true, header: etcd.header(50) });
        etcd.commit({ key: 'k/b', value: 'v' });
        stream.send({
          watch_id: create.watch_id,
          events: etcd.eventsFrom(Number(create.start_revision), create),
        });
      },
    );
    const { record, seen } = startRig([etcd.address]);
    const recorder = await record('k/');
    await eventually(() => expect(creates).toHaveLength(1));

    etcd.cutStreams();

    await eventually(() => expect([...recorder.told.keys()]).toEqual(['k/a', 'k/b']));
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first']);
  });
});

async function writeSome(raw: RawEtcd): Promise<void> {
  for (let count = 0; count < 10; count += 1) {
    await raw.put('r/lost', `${count}`);
  }
}
