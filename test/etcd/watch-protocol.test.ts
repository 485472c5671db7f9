import { describe, expect, it } from 'vitest';
import { keyOf, prefixRange } from '../../src/etcd/key.ts';
import type { WireWatchCreate } from '../kit/etcd-wire.ts';
import { eventually } from '../kit/eventually.ts';
import { proxyFor, startRig, startScripted } from '../kit/rig.ts';
import type { ScriptedStream } from '../kit/scripted-etcd.ts';

/** What etcd3's watch classes lost or broke, apart from breaking streams; by the names in docs/adr/0002. */
describe('the watch protocol', () => {
  it('watches from the revision after the list', async () => {
    const etcd = await startScripted();
    etcd.commit({ key: 'k/a', value: 'v' });
    etcd.script.range = (request) => {
      const answer = etcd.answerRange(request);
      if (!request.keys_only) {
        etcd.commit({ key: 'k/gap', value: 'v' });
      }
      return answer;
    };
    const creates = etcd.scriptWatches('k/');

    const recorder = await startRig([etcd.address]).record('k/');

    await eventually(() => expect([...recorder.told.keys()]).toEqual(['k/a', 'k/gap']));
    expect(creates.map(({ start_revision }) => start_revision)).toEqual(['3']);
  });

  it('attaches many watches without waiting for each other', async () => {
    const etcd = await startScripted();
    const waiting: [WireWatchCreate, ScriptedStream][] = [];
    const serveAllAtOnce = (create: WireWatchCreate, stream: ScriptedStream): void => {
      waiting.push([create, stream]);
      if (waiting.length === 50) {
        for (const [held, on] of waiting) {
          etcd.serveWatch(held, on);
        }
      }
    };
    etcd.scriptWatches('k/', ...Array(50).fill(serveAllAtOnce));
    const { record } = startRig([etcd.address]);

    const recorders = await Promise.all(Array.from({ length: 50 }, (_, index) => record(`k/${index}/`)));

    await eventually(() => expect(waiting).toHaveLength(50));
    etcd.commit(...recorders.map((_, index) => ({ key: `k/${index}/x`, value: 'v' })));
    await eventually(() => expect(recorders.every(({ changes }) => changes.length === 1)).toBe(true));
    expect(new Set(waiting.map(([, stream]) => stream)).size).toBe(1);
  });

  it('lists a range again whose watch brings what cannot be read, and leaves other watches of the stream alone', async () => {
    const etcd = await startScripted();
    etcd.scriptWatches('k/', (create, stream) => {
      stream.send({ watch_id: create.watch_id, created: true });
      etcd.commit({ key: 'k/a', value: 'v' });
      const events = etcd.eventsFrom(etcd.revision, create);
      const beyond = String(2n ** 53n);
      stream.send({
        watch_id: create.watch_id,
        events: events.map(({ type, kv }) => ({ type, kv: { ...kv, mod_revision: beyond } })),
      });
    });
    const rig = startRig([etcd.address]);
    const other = await rig.record('other/');
    const recorder = await rig.record('k/');

    await eventually(() => expect([...recorder.told.keys()]).toEqual(['k/a']));
    etcd.commit({ key: 'k/b', value: 'v' }, { key: 'other/a', value: 'v' });
    await eventually(() => expect([...recorder.told.keys()]).toEqual(['k/a', 'k/b']));
    await eventually(() => expect([...other.told.keys()]).toEqual(['other/a']));
    const creates = etcd.creates.filter(({ key }) => key.toString() === 'other/');
    expect([etcd.streams.length, creates.length]).toEqual([1, 1]);
  });

  it('asks for a member with a leader, on streams and calls alike', async () => {
    const etcd = await startScripted();
    await startRig([etcd.address]).record('k/');
    await eventually(() => expect(etcd.creates.length).toBeGreaterThan(0));

    expect(etcd.streams.filter(({ requiresLeader }) => !requiresLeader)).toEqual([]);
    expect(etcd.callsWithoutLeader).toBe(0);
  });

  it('takes a progress reply under watch id -1, and a reply for a watch that it does not know, as no reason to stop', async () => {
    const etcd = await startScripted();
    const creates = etcd.scriptWatches('k/');
    const recorder = await startRig([etcd.address]).record('k/');
    await eventually(() => expect(creates).toHaveLength(1));

    for (const stream of etcd.streams) {
      stream.send({ watch_id: '-1' });
      stream.send({ watch_id: '4711', events: etcd.commit({ key: 'other/x', value: 'v' }) });
      stream.send({ watch_id: '4711', canceled: true });
    }
    etcd.commit({ key: 'k/a', value: 'v' });

    await eventually(() => expect([...recorder.told.keys()]).toEqual(['k/a']));
    expect(creates).toHaveLength(1);
  });

  it('believes a progress reply under watch id -1 no further than what each watch has been created for', async () => {
    const etcd = await startScripted();
    etcd.revision = 10;
    let release = (): void => {};
    const creates = etcd.scriptWatches('k/', (create, stream) => {
      for (let count = 0; count < 5; count += 1) {
        etcd.commit({ key: `k/${count}`, value: 'v' });
      }
      stream.send({ watch_id: '-1' });
      release = () => stream.fail(14, 'cut');
      setImmediate(release);
      void create;
    });

    const recorder = await startRig([etcd.address]).record('k/');

    await eventually(() => expect(recorder.changes).toHaveLength(5));
    expect(creates.map(({ start_revision }) => start_revision)).toEqual(['11', '11']);
  });

  it('lists again when a watch is cancelled for a reason that it does not know', async () => {
    const etcd = await startScripted();
    const creates = etcd.scriptWatches('k/', (create, stream) => {
      stream.send({ watch_id: create.watch_id, created: true });
      stream.send({ watch_id: create.watch_id, canceled: true, cancel_reason: 'of no known kind' });
    });
    const { record, seen } = startRig([etcd.address]);
    const recorder = await record('k/');

    await eventually(() => expect(creates).toHaveLength(2));
    etcd.commit({ key: 'k/a', value: 'v' });

    await eventually(() => expect([...recorder.told.keys()]).toEqual(['k/a']));
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first', 'watch-ended']);
  });

  it('drops events that it has had, or that are older than asked for', async () => {
    const etcd = await startScripted();
    etcd.commit({ key: 'k/a', value: 'old' });
    etcd.scriptWatches('k/', (create, stream) => {
      const older = etcd.eventsFrom(1, create);
      etcd.serveWatch(create, stream);
      stream.send({ watch_id: create.watch_id, events: older });
      const newer = etcd.commit({ key: 'k/b', value: 'v' });
      stream.send({ watch_id: create.watch_id, events: newer });
    });
    const recorder = await startRig([etcd.address]).record('k/');
    await eventually(() => expect(recorder.told.has('k/b')).toBe(true));

    etcd.commit({ key: 'k/c', value: 'v' });

    await eventually(() => expect(recorder.told.has('k/c')).toBe(true));
    expect(recorder.changes.map(({ key }) => String(key))).toEqual(['k/b', 'k/c']);
  });

  it('applies a revision whole: its puts and deletes are told in one call', async () => {
    const etcd = await startScripted();
    etcd.commit({ key: 'k/a', value: 'v' });
    const recorder = await startRig([etcd.address]).record('k/');
    await eventually(() => expect(etcd.creates.length).toBeGreaterThan(0));

    etcd.commit({ key: 'k/a' }, { key: 'k/b', value: 'v' }, { key: 'k/c', value: 'v' });

    await eventually(() => expect(recorder.changes).toHaveLength(3));
    expect(recorder.calls.slice(recorder.callsBeforeSynced)).toHaveLength(1);
  });

  it('opens one stream after a break, not two', async () => {
    const etcd = await startScripted();
    const creates = etcd.scriptWatches('k/');
    const { record } = startRig([etcd.address]);
    await record('k/');
    await eventually(() => expect(creates).toHaveLength(1));

    for (const wanted of [2, 3, 4]) {
      etcd.cutStreams();
      await eventually(() => expect(creates).toHaveLength(wanted));
    }

    await eventually(() => expect(etcd.streams.filter(({ ended }) => !ended).length).toBeLessThanOrEqual(2));
    expect(creates).toHaveLength(4);
  });

  it('tells the other listeners when one throws', async () => {
    const etcd = await startScripted();
    const { mirror, record } = startRig([etcd.address]);
    const throwing = (): never => {
      throw new Error('a fault of the listener');
    };
    mirror.follow(prefixRange(keyOf('k/')), {
      changed: throwing,
      synced: throwing,
      failureChanged: throwing,
    });
    const same = await record('k/');
    const other = await record('o/');
    await eventually(() => expect(etcd.creates.length).toBeGreaterThanOrEqual(2));

    etcd.commit({ key: 'k/a', value: 'v' }, { key: 'o/a', value: 'v' });
    etcd.commit({ key: 'k/b', value: 'v' }, { key: 'o/b', value: 'v' });

    await eventually(() =>
      expect([...same.told.keys(), ...other.told.keys()]).toEqual(['k/a', 'k/b', 'o/a', 'o/b']),
    );
  });

  it('shares one copy of a range between its uses, and ends the watch with the last of them', async () => {
    const etcd = await startScripted();
    etcd.commit({ key: 'k/a', value: 'v' });
    const creates = etcd.scriptWatches('k/');
    const { record, seen } = startRig([etcd.address]);
    const first = await record('k/');
    const second = await record('k/');
    expect([...second.told.keys()]).toEqual(['k/a']);

    first.mirrored.release();
    etcd.commit({ key: 'k/b', value: 'v' });
    await eventually(() => expect(second.told.has('k/b')).toBe(true));
    expect(first.told.has('k/b')).toBe(false);
    second.mirrored.release();

    await eventually(() => expect(etcd.cancelled).toEqual(creates.map(({ watch_id }) => watch_id)));
    expect(seen.listings).toHaveLength(1);
  });

  it('connects no more once it is closed', async () => {
    const etcd = await startScripted();
    const proxy = await proxyFor(etcd.address);
    const { mirror, client, record } = startRig([proxy.address]);
    await record('k/');
    await eventually(() => expect(etcd.creates.length).toBeGreaterThan(0));

    await mirror.close();
    await client.close();

    await eventually(() => expect(proxy.open).toBe(0));
    const { opened } = proxy;
    expect(etcd.streams.filter(({ ended }) => !ended)).toEqual([]);
    expect(proxy.opened).toBe(opened);
  });
});
