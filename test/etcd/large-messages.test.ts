import { describe, expect, it } from 'vitest';
import { startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { measured, measuredVerdict } from '../kit/measured.ts';
import { contentDifference, judge } from '../kit/recorder.ts';
import { rawEtcd, startRig, startScripted } from '../kit/rig.ts';
import type { ScriptedEtcd } from '../kit/scripted-etcd.ts';

/** Much at once: fault 7. */
describe('large messages', () => {
  it('fault 7: takes a watch response of 5.4 MB', async () => {
    const etcd = await startScripted();
    const creates = etcd.scriptWatches('k/', (create, stream) => {
      commitLarge(etcd);
      etcd.serveWatch(create, stream);
    });
    const { record, seen } = startRig([etcd.address]);

    const recorder = await record('k/');

    await eventually(() => expect(recorder.changes).toHaveLength(900));
    measuredVerdict(await judge(recorder, rawEtcd(etcd.address), 2));
    expect(creates).toHaveLength(1);
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first']);
  });

  it('fault 7: lists again, once, where a watch response is larger than the limit', async () => {
    const etcd = await startScripted();
    const { record, seen } = startRig([etcd.address], { maxMessageBytes: 4 * 1024 * 1024 });
    const recorder = await record('k/');
    const small = await record('s/');
    etcd.script.watch = (create, stream) => etcd.serveWatch(create, stream);
    etcd.cutStreams();
    commitLarge(etcd);

    await eventually(async () => expect(await contentDifference(recorder, rawEtcd(etcd.address))).toBe(0));

    etcd.commit({ key: 'k/after', value: 'v' });
    etcd.commit({ key: 's/after', value: 'v' });
    await eventually(() => expect(recorder.told.has('k/after') && small.told.has('s/after')).toBe(true));
    const again = seen.listings.filter(({ reason }) => reason === 'message-too-large');
    expect(again.length).toBeGreaterThanOrEqual(1);
    measured('lists of two ranges for an oversized answer', again.length, { most: 2 });
  });

  it('fault 7: lists 20 MB in pages that are all at one revision, whatever is written meanwhile', async () => {
    const etcd = await startScripted();
    for (let count = 0; count < 1000; count += 1) {
      etcd.commit({ key: `k/${count}`, value: 'v'.repeat(20 * 1024) });
    }
    const first = etcd.revision;
    const { record, seen } = startRig([etcd.address]);
    etcd.script.range = (request) => {
      const answer = etcd.answerRange(request);
      if (seen.listings.length === 0) {
        etcd.commit({ key: `k/${etcd.ranges.length}`, value: 'changed' });
      }
      return answer;
    };

    const recorder = await record('k/');

    const pages = etcd.ranges.filter(({ keys_only }) => !keys_only);
    expect(pages.length).toBeGreaterThan(5);
    measured(
      'revisions of the pages of a 20 MB list',
      new Set(pages.slice(1).map(({ revision }) => revision)).size,
      { most: 1 },
    );
    expect(new Set(pages.slice(1).map(({ revision }) => revision)).size).toBe(1);
    expect(Number(pages[1]?.revision)).toBeGreaterThanOrEqual(first);
    expect(pages.every(({ serializable }) => !serializable)).toBe(true);
    expect(seen.listings[0]?.keys).toBe(1000);
    await eventually(async () => expect(await contentDifference(recorder, rawEtcd(etcd.address))).toBe(0));
  });

  it('fault 7: lists 20 MB from a real etcd, more than one gRPC message may hold by default', async () => {
    const etcd = await startEtcd();
    const raw = rawEtcd(etcd.endpoints[0] ?? '');
    await Promise.all(Array.from({ length: 40 }, (_, key) => raw.put(`k/${key}`, 'v'.repeat(512 * 1024))));
    const { record, seen } = startRig(etcd.endpoints);

    const recorder = await record('k/');

    expect(seen.listings.map(({ keys, bytes }) => [keys, bytes >= 20 * 1024 * 1024])).toEqual([[40, true]]);
    expect(await contentDifference(recorder, raw)).toBe(0);
    await etcd.stop();
  });
});

/** 900 revisions of 6 kB each. */
function commitLarge(etcd: ScriptedEtcd): void {
  for (let count = 0; count < 900; count += 1) {
    etcd.commit({ key: `k/${count}`, value: 'v'.repeat(6000) });
  }
}
