import { status } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { onEachEtcd } from '../kit/each-etcd.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { measured, measuredVerdict } from '../kit/measured.ts';
import { judge } from '../kit/recorder.ts';
import { hastyClock, proxyFor, rawEtcd, startRig, startScripted } from '../kit/rig.ts';
import type { Script, ScriptedEtcd } from '../kit/scripted-etcd.ts';

/** Streams that break: faults 1 to 4. */
describe('a scripted server that breaks its streams', () => {
  it('fault 1: resumes at the revision it asked for when the stream breaks after `created`, twice in a row', async () => {
    const etcd = await startScripted();
    const creates = etcd.scriptWatches('k/', createdThenCut(etcd, 900), createdThenCut(etcd, 100));
    const recorder = await startRig([etcd.address]).record('k/');
    const raw = rawEtcd(etcd.address);

    await eventually(() => expect(recorder.changes).toHaveLength(1000));

    expect(creates.map(({ start_revision }) => start_revision)).toEqual(['2', '2', '2']);
    measuredVerdict(await judge(recorder, raw, 2));
  });

  it('fault 2: resumes after the last event it got when the stream breaks within the history it has missed', async () => {
    const etcd = await startScripted();
    const creates = etcd.scriptWatches('k/', (create, stream) => {
      for (let count = 0; count < 1500; count += 1) {
        etcd.commit({ key: `k/${count}`, value: 'v' });
      }
      stream.send({ watch_id: create.watch_id, created: true });
      // As etcd sends history: at most 1000 revisions, under a header that is far ahead of them.
      stream.send({ watch_id: create.watch_id, events: etcd.eventsFrom(2, create).slice(0, 1000) });
      setImmediate(() => stream.fail(status.UNAVAILABLE, 'cut'));
    });
    const recorder = await startRig([etcd.address]).record('k/');
    const raw = rawEtcd(etcd.address);

    await eventually(() => expect(recorder.changes).toHaveLength(1500));

    // How much of the history had been handed over when it broke is a matter of turns of the event loop.
    const [first, again = 0, ...more] = creates.map(({ start_revision }) => Number(start_revision));
    expect([first, more]).toEqual([2, []]);
    expect(again).toBeGreaterThan(2);
    expect(again, 'and not after what the header tells of').toBeLessThanOrEqual(1002);
    measuredVerdict(await judge(recorder, raw, 2));
  });

  it('backs off from a server that ends every stream after its first answer', async () => {
    const etcd = await startScripted();
    const creates = etcd.scriptWatches('k/', ...Array(100).fill(createdThenCut(etcd, 0)));
    const clock = hastyClock(5);
    const { follow } = startRig([etcd.address], { clock });
    const started = clock.monotonic();
    follow('k/');

    await eventually(() => expect(creates.length).toBeGreaterThanOrEqual(12));

    expect(clock.monotonic() - started).toBeGreaterThan(4_000);
  });

  it('fault 4: never asks for fragments, so that every response holds whole revisions', async () => {
    const etcd = await startScripted();
    await startRig([etcd.address]).record('k/');
    await eventually(() => expect(etcd.creates.length).toBeGreaterThan(0));

    expect(etcd.creates.filter(({ fragment }) => fragment)).toEqual([]);
  });

  /** Says `created` at a revision that is ahead by so many changes, and ends the stream before they are sent. */
  function createdThenCut(etcd: ScriptedEtcd, changes: number): Script['watch'] {
    return (create, stream) => {
      const start = etcd.revision;
      for (let count = 0; count < changes; count += 1) {
        etcd.commit({ key: `k/${start}-${count}`, value: 'v' });
      }
      stream.send({ watch_id: create.watch_id, created: true });
      setImmediate(() => stream.fail(status.UNAVAILABLE, 'cut'));
    };
  }
});

onEachEtcd('connections that break', (options) => {
  let etcd: RegistryEtcd;
  const endpoint = (): string => etcd.endpoints[0] ?? '';

  beforeAll(async () => {
    etcd = await startEtcd(options);
  });
  afterAll(() => etcd.stop());

  it('fault 2: loses nothing when cut again and again while it catches up on 3000 revisions', async () => {
    const proxy = await proxyFor(endpoint());
    const raw = rawEtcd(endpoint());
    const { record, seen } = startRig([proxy.address]);
    const recorder = await record('behind/');
    const before = await raw.revision();
    proxy.refuse();
    proxy.cut();
    for (let start = 0; start < 3000; start += 500) {
      await Promise.all(
        Array.from({ length: 500 }, (_, index) => raw.put(`behind/${start + index}`, 'v'.repeat(200))),
      );
    }

    proxy.heal();
    for (const kilobytes of [20, 60, 150, 300]) {
      const { opened } = proxy;
      proxy.cutAfter(kilobytes * 1024);
      await eventually(() => expect(proxy.opened).toBeGreaterThan(opened));
    }

    await eventually(() => expect(recorder.changes.length).toBeGreaterThanOrEqual(3000));
    measuredVerdict(await judge(recorder, raw, before + 1));
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first']);
  });

  // On the old etcd a third as many: the protocol is the same.
  const cutsWanted = options.release === undefined ? 100 : 30;

  it(`fault 3: loses, doubles and reorders nothing in ${cutsWanted} cuts during as many hundred writes`, async () => {
    const proxy = await proxyFor(endpoint());
    const raw = rawEtcd(endpoint());
    const recorder = await startRig([proxy.address], { clock: hastyClock(20) }).record('cuts/');
    const before = await raw.revision();
    let cuts = 0;
    let written = 0;

    while (cuts < cutsWanted) {
      const { opened } = proxy;
      const writes = Array.from({ length: 100 }, (_, index) =>
        raw.put(`cuts/${(written + index) % 700}`, `${written}`),
      );
      written += writes.length;
      // A cut at a random place of what travels: within a header, a batch, or between two.
      proxy.cutAfter(1 + Math.floor(Math.random() * 4096));
      cuts += 1;
      await eventually(() => expect(proxy.opened).toBeGreaterThan(opened), { intervalMs: 5 });
      await Promise.all(writes);
    }

    measured('cuts', cuts);
    proxy.heal();
    const after = await raw.put('cuts/last', 'v');
    await eventually(() => expect(recorder.changes.at(-1)?.revision).toBe(after));
    measuredVerdict(await judge(recorder, raw, before + 1));
  });

  it('fault 4: applies a large revision whole or not at all when it is cut in its middle', async () => {
    const proxy = await proxyFor(endpoint());
    const raw = rawEtcd(endpoint());
    const recorder = await startRig([proxy.address]).record('large/');
    const before = await raw.revision();

    for (const kilobytes of [1, 100, 300, 500]) {
      const { opened } = proxy;
      proxy.cutAfter(kilobytes * 1024);
      await raw.commit(
        new Map(Array.from({ length: 100 }, (_, key) => [`large/${key}`, 'v'.repeat(8 * 1024)])),
      );
      await eventually(() => expect(proxy.opened).toBeGreaterThan(opened));
    }

    await eventually(() => expect(recorder.changes).toHaveLength(400));
    measuredVerdict(await judge(recorder, raw, before + 1));
  });
});
