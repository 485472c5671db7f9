import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyOf } from '../../src/etcd/key.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { contentDifference, faultless, judge } from '../kit/recorder.ts';
import { hastyClock, proxyFor, rawEtcd, startRig, startScripted } from '../kit/rig.ts';

/** What the rest of the controller relies on. */
describe('the mirror', () => {
  let etcd: RegistryEtcd;
  const endpoint = (): string => etcd.endpoints[0] ?? '';

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.stop());

  it('tells nothing while etcd has never answered, and everything once it does', async () => {
    const proxy = await proxyFor(endpoint());
    const raw = rawEtcd(endpoint());
    await raw.put('absent/a', 'v');
    proxy.refuse();
    const { mirror, follow } = startRig([proxy.address]);
    const recorder = follow('absent/');
    await eventually(() => expect(mirror.connection.error).toMatchObject({ code: 'ETCD_UNAVAILABLE' }));
    expect([recorder.synced, recorder.calls, recorder.mirrored.synced]).toEqual([false, [], false]);

    proxy.heal();

    await eventually(() => expect(recorder.synced).toBe(true));
    expect([...recorder.told.keys()]).toEqual(['absent/a']);
  });

  it('keeps what it has while etcd is away, and tells both transitions of the connection once', async () => {
    const proxy = await proxyFor(endpoint());
    const raw = rawEtcd(endpoint());
    await raw.put('away/a', 'v');
    const { mirror, record } = startRig([proxy.address]);
    const recorder = await record('away/');
    await eventually(() => expect(mirror.connection.connected).toBe(true));
    const transitions: boolean[] = [];
    const end = mirror.onConnection(({ connected }) => transitions.push(connected));

    proxy.refuse();
    proxy.cut();
    await eventually(() => expect(mirror.connection.connected).toBe(false));
    expect(mirror.connection.error).toBeDefined();
    expect([...recorder.mirrored.registrations.keys()]).toEqual(['away/a']);
    proxy.heal();
    await eventually(() => expect(mirror.connection.connected).toBe(true));

    expect(mirror.connection.error).toBeUndefined();
    expect(transitions).toEqual([false, true]);
    end();
    proxy.cut();
    await raw.put('away/b', 'v');
    await eventually(() => expect(recorder.told.has('away/b')).toBe(true));
    expect(transitions).toEqual([false, true]);
  });

  it('reads the value that a key had before a revision', async () => {
    const raw = rawEtcd(endpoint());
    const { mirror } = startRig([endpoint()]);
    const created = await raw.put('before/a', 'one');
    const changed = await raw.put('before/a', 'two');

    const old = await mirror.valueBefore(keyOf('before/a'), changed);
    expect([old?.value, old?.modRevision]).toEqual(['one', created]);
    expect(await mirror.valueBefore(keyOf('before/a'), created)).toBeUndefined();

    await raw.compact(await raw.put('before/b', 'v'));
    await expect(mirror.valueBefore(keyOf('before/a'), changed)).rejects.toMatchObject({
      code: 'ETCD_COMPACTED',
    });
  });

  it('takes no write for a difference when it compares keys while many are written', async () => {
    const raw = rawEtcd(endpoint());
    const { record, seen } = startRig([endpoint()], { comparePeriodMs: 20 });
    const recorder = await record('compared/');
    const before = await raw.revision();

    for (let round = 0; round < 20; round += 1) {
      await Promise.all(Array.from({ length: 100 }, (_, key) => raw.put(`compared/${key}`, `${round}`)));
      await raw.deletePrefix('compared/1');
    }

    await eventually(() => expect(seen.comparedRanges.length).toBeGreaterThanOrEqual(3));
    const after = await raw.put('compared/last', 'v');
    await eventually(() => expect(recorder.changes.at(-1)?.revision).toBe(after));
    expect(seen.drifts).toEqual([]);
    expect(await judge(recorder, raw, before + 1)).toEqual(faultless);
  });

  it('finds by comparing keys what a watch never told, and repairs it by one list', async () => {
    const scripted = await startScripted();
    scripted.commit({ key: 'k/stays', value: 'v' }, { key: 'k/goes', value: 'v' });
    // A server that has lost the watch: it says `created`, and nothing ever after.
    scripted.scriptWatches('k/', (create, stream) =>
      stream.send({ watch_id: create.watch_id, created: true }),
    );
    const { record, seen } = startRig([scripted.address], { comparePeriodMs: 100, clock: hastyClock(5) });
    const recorder = await record('k/');
    recorder.startOver();

    scripted.commit({ key: 'k/goes' }, { key: 'k/comes', value: 'v' });

    const raw = rawEtcd(scripted.address);
    await eventually(async () => expect(await contentDifference(recorder, raw)).toBe(0));
    expect(new Set(recorder.changes.map(({ key }) => String(key)))).toEqual(new Set(['k/goes', 'k/comes']));
    expect(recorder.changes).toHaveLength(2);
    expect(seen.drifts).toEqual([2]);
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first', 'drift']);
    expect(scripted.ranges.filter(({ keys_only }) => keys_only).length).toBeGreaterThan(0);
  });

  it('does not take for a difference what a broken watch has yet to bring', async () => {
    const scripted = await startScripted();
    scripted.commit({ key: 'k/a', value: 'v' });
    scripted.scriptWatches('k/', (create, stream) =>
      stream.send({ watch_id: create.watch_id, created: true }),
    );
    const proxy = await proxyFor(scripted.address);
    const clock = hastyClock(5);
    const { record, seen } = startRig([proxy.address], { comparePeriodMs: 100, clock });
    const recorder = await record('k/');
    const before = scripted.ranges.length;
    scripted.commit({ key: 'k/b', value: 'v' });
    const compared = (): boolean =>
      scripted.ranges.slice(before).some(({ keys_only, limit }) => keys_only && limit !== '1');
    await eventually(() => expect(compared()).toBe(true));

    proxy.refuse();
    proxy.cut();
    const broken = clock.monotonic();
    await eventually(() => expect(clock.monotonic() - broken).toBeGreaterThan(6_000));
    proxy.heal();

    await eventually(() => expect([...recorder.told.keys()]).toEqual(['k/a', 'k/b']));
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first']);
    expect(seen.drifts).toEqual([]);
  });
});
