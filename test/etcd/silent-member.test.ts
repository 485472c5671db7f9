import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import type { RawEtcd } from '../kit/raw-etcd.ts';
import { faultless, judge } from '../kit/recorder.ts';
import { hastyClock, proxyFor, rawEtcd, startRig, startScripted } from '../kit/rig.ts';
import type { Direction } from '../kit/tcp-proxy.ts';

/** Connections that stay open and say nothing. */
describe('a silent member', () => {
  let etcd: RegistryEtcd;
  const endpoint = (): string => etcd.endpoints[0] ?? '';

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.stop());

  it('is left within 15 s, whether it is silent in one direction or in both, and nothing is lost', async () => {
    const raw = rawEtcd(endpoint());
    await Promise.all((['toClient', undefined] as const).map((direction) => leavesSilent(raw, direction)));
  });

  it('is not taken for dead because it tells nothing and answers no progress request', async () => {
    const scripted = await startScripted();
    scripted.tellsProgress = false;
    const creates = scripted.scriptWatches('k/');
    const { record, seen } = startRig([scripted.address], { clock: hastyClock(20) });
    const recorder = await record('k/');
    const { range } = scripted.calls;

    // Half a minute on our clock: a heartbeat every 10 s reads.
    await eventually(() => expect(scripted.calls.range).toBeGreaterThanOrEqual(range + 3));
    scripted.commit({ key: 'k/a', value: 'v' });

    await eventually(() => expect(recorder.told.has('k/a')).toBe(true));
    expect(creates).toHaveLength(1);
    expect(seen.reconnects).toBe(0);
  });

  it('is left when its own store stands still while the cluster goes on', async () => {
    const [stuck, sound] = [await startScripted(), await startScripted()];
    const { record } = startRig([stuck.address, sound.address], { clock: hastyClock(20) });
    const [onStuck, onSound] = [stuck.scriptWatches('k/'), sound.scriptWatches('k/')];
    const recorder = await record('k/');
    await eventually(() => expect(onStuck.length + onSound.length).toBe(1));
    const [current, other] = onStuck.length === 1 ? [stuck, sound] : [sound, stuck];

    // Linearizable reads are answered by what the cluster has agreed on, whichever member is asked.
    current.script.range = (request) => other.answerRange(request);
    other.commit({ key: 'k/a', value: 'v' });

    await eventually(() => expect(recorder.told.has('k/a')).toBe(true));
    expect([onStuck.length, onSound.length]).toEqual([1, 1]);
  });

  async function leavesSilent(raw: RawEtcd, direction: Direction | undefined): Promise<void> {
    const prefix = `silent/${direction}/`;
    const proxies = [await proxyFor(endpoint()), await proxyFor(endpoint())];
    // The times that are the defaults: 10 s of silence, 3 s for the answer to the probe.
    const { record } = startRig(
      proxies.map(({ address }) => address),
      { keepaliveTimeMs: 10_000, keepaliveTimeoutMs: 3_000 },
    );
    const recorder = await record(prefix);
    await raw.put(`${prefix}before`, 'v');
    await eventually(() => expect(recorder.told.has(`${prefix}before`)).toBe(true));
    const [used] = proxies.filter(({ forwarded }) => forwarded.toClient > 0);
    const before = await raw.revision();
    recorder.startOver();

    used?.blackhole(direction);
    await raw.put(`${prefix}after`, 'v');

    await eventually(() => expect(recorder.changes).toHaveLength(1), { timeoutMs: 15_000 });
    expect(await judge(recorder, raw, before + 1)).toEqual(faultless);
  }
});
