import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { onEachEtcd } from '../kit/each-etcd.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { measuredVerdict, timed } from '../kit/measured.ts';
import { judge } from '../kit/recorder.ts';
import { hastyClock, proxyFor, rawEtcd, startRig, startScripted } from '../kit/rig.ts';
import type { Direction } from '../kit/tcp-proxy.ts';

/** The times that are the defaults: 10 s of silence, 3 s for the answer to the probe. */
const defaultTimes = { keepaliveTimeMs: 10_000, keepaliveTimeoutMs: 3_000 };
const shortTimes = { keepaliveTimeMs: 1_000, keepaliveTimeoutMs: 500 };

/** Connections that stay open and say nothing. */
onEachEtcd('a silent member', (options) => {
  let etcd: RegistryEtcd;

  beforeAll(async () => {
    // By default etcd hangs up on clients that probe more often than every 5 s.
    etcd = await startEtcd({ ...options, flags: { 'grpc-keepalive-min-time': '500ms' } });
  });
  afterAll(() => etcd.stop());

  it.each([
    { silence: 'in one direction', direction: 'toClient' },
    { silence: 'in both directions', direction: undefined },
  ] as const)('is left when it is silent $silence, and nothing is lost', async ({ direction }) => {
    await leavesSilent(etcd, direction, { ...shortTimes, withinMs: 5_000 });
  });
});

describe('a silent member', () => {
  it('fault 10: is left within 15 s by default, whether it is silent in one direction or in both, and nothing is lost', async () => {
    const etcd = await startEtcd();
    onTestFinished(() => etcd.stop());
    const times = { ...defaultTimes, withinMs: 15_000 };
    await Promise.all(
      (['toClient', undefined] as const).map((direction) => leavesSilent(etcd, direction, times)),
    );
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
    const [current, other, onOther] =
      onStuck.length === 1 ? [stuck, sound, onSound] : [sound, stuck, onStuck];

    // Linearizable reads are answered by what the cluster has agreed on, whichever member is asked.
    current.script.range = (request) => other.answerRange(request);

    await eventually(() => {
      other.commit({ key: 'k/a', value: 'v' });
      expect(onOther).not.toEqual([]);
    });
    await eventually(() => expect(recorder.told.has('k/a')).toBe(true));
  });
});

interface Times {
  readonly keepaliveTimeMs: number;
  readonly keepaliveTimeoutMs: number;
  /** What was missed must be told within that time. */
  readonly withinMs: number;
}

/** Silences the member in use, in that direction or in both, and returns once everything has been told by way of the other. */
async function leavesSilent(
  { endpoints }: RegistryEtcd,
  direction: Direction | undefined,
  { withinMs, ...times }: Times,
): Promise<void> {
  const prefix = `silent/${direction}/`;
  const [endpoint = ''] = endpoints;
  const raw = rawEtcd(endpoint);
  const proxies = [await proxyFor(endpoint), await proxyFor(endpoint)];
  const addresses = proxies.map(({ address }) => address);
  const { record } = startRig(addresses, times);
  const recorder = await record(prefix);
  await raw.put(`${prefix}before`, 'v');
  await eventually(() => expect(recorder.told.has(`${prefix}before`)).toBe(true));
  const [used] = proxies.filter(({ forwarded }) => forwarded.toClient > 0);
  const before = await raw.revision();
  recorder.startOver();

  used?.blackhole(direction);
  await raw.put(`${prefix}after`, 'v');

  await timed('left, and caught up, after', withinMs, () =>
    eventually(() => expect(recorder.changes).toHaveLength(1)),
  );
  measuredVerdict(await judge(recorder, raw, before + 1));
}
