import { expect, it, onTestFinished } from 'vitest';
import { versionIn } from '../../src/etcd/client/member-http.ts';
import { isAtLeast, releaseOf } from '../../src/etcd/release.ts';
import { onEachEtcd } from '../kit/each-etcd.ts';
import { startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { contentDifference } from '../kit/recorder.ts';
import { rawEtcd, startRig } from '../kit/rig.ts';

const services = Array.from({ length: 300 }, (_, service) => `s-${service}/`);

/** First lists of many ranges, as a start has them. */
onEachEtcd('first lists of many ranges', (options) => {
  it('take few calls of an etcd that may be asked for several at once, and bring all', async () => {
    const etcd = await startEtcd(options);
    onTestFinished(() => etcd.stop());
    const [endpoint = ''] = etcd.endpoints;
    const raw = rawEtcd(endpoint);
    for (const instance of ['a', 'b', 'c']) {
      for (let first = 0; first < services.length; first += 100) {
        const some = services.slice(first, first + 100);
        await raw.commit(new Map(some.map((prefix) => [`${prefix}${instance}`, `${prefix}:80`])));
      }
    }
    const { follow, seen } = startRig([endpoint]);
    const before = await callsOf(endpoint);

    const recorders = services.map(follow);
    await eventually(() => expect(recorders.every(({ synced }) => synced)).toBe(true));

    const calls = (await callsOf(endpoint)) - before;
    if (await takesSeveral(endpoint)) {
      expect(calls).toBeLessThan(services.length / 2);
    } else {
      expect(calls).toBeGreaterThanOrEqual(services.length);
    }
    expect(seen.listings.map(({ reason, keys }) => [reason, keys])).toEqual(services.map(() => ['first', 3]));
    for (const recorder of recorders) {
      expect(await contentDifference(recorder, raw), recorder.prefix).toBe(0);
    }
  });

  it('succeed beside one that may not be read, which says so by itself', async () => {
    const user = { name: 'reader', password: 'not-for-any-log' };
    const auth = { rootPassword: 'root', users: [{ ...user, prefix: 's-', access: 'readwrite' as const }] };
    const etcd = await startEtcd({ ...options, auth });
    onTestFinished(() => etcd.stop());
    const { follow, mirror } = startRig(etcd.endpoints, { user });
    const followed = services.slice(0, 40).map(follow);
    const secret = follow('secret/');
    const more = services.slice(40, 80).map(follow);

    await eventually(() => expect([...followed, ...more].every(({ synced }) => synced)).toBe(true));
    await eventually(() =>
      expect(secret.mirrored.failure?.error).toMatchObject({ code: 'ETCD_PERMISSION_DENIED' }),
    );
    expect(mirror.stats().refusals).toHaveLength(1);
    expect([...followed, ...more].flatMap(({ failures }) => failures)).toEqual([]);
  });
});

/** From etcd 3.5.7 on. */
async function takesSeveral(endpoint: string): Promise<boolean> {
  const release = releaseOf(versionIn(await textAt(endpoint, '/version')) ?? '');
  return release !== undefined && isAtLeast(release, [3, 5, 7]);
}

/** How many ranges and transactions etcd has been asked for. */
async function callsOf(endpoint: string): Promise<number> {
  return (await textAt(endpoint, '/metrics'))
    .split('\n')
    .filter((line) => /^grpc_server_started_total\{.*grpc_method="(Range|Txn)"/.test(line))
    .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

async function textAt(endpoint: string, path: string): Promise<string> {
  const url = endpoint.includes('://') ? endpoint : `http://${endpoint}`;
  return await (await fetch(url + path)).text();
}
