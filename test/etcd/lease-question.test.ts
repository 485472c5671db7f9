import { expect, it } from 'vitest';
import { onEachEtcd } from '../kit/each-etcd.ts';
import { startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { proxyFor, rawEtcd, startRig } from '../kit/rig.ts';

onEachEtcd('the question whether a lease lives', (options) => {
  it('tells a deleted key from a lease that was revoked or has expired', async (context) => {
    const etcd = await startEtcd(options);
    context.onTestFinished(() => etcd.stop());
    const [endpoint = ''] = etcd.endpoints;
    const raw = rawEtcd(endpoint);
    const { mirror } = startRig([endpoint]);
    const [kept, revoked, expiring] = [await raw.grant(60), await raw.grant(60), await raw.grant(2)];
    await raw.put('web/1', 'v', kept);
    await raw.delete('web/1');
    await raw.revoke(revoked);

    expect(await mirror.leaseLives(kept)).toBe(true);
    expect(await mirror.leaseLives(revoked)).toBe(false);
    await eventually(async () => expect(await mirror.leaseLives(expiring)).toBe(false));
  });

  it('is given up within two seconds where etcd says nothing', async (context) => {
    const etcd = await startEtcd(options);
    context.onTestFinished(() => etcd.stop());
    const proxy = await proxyFor(etcd.endpoints[0] ?? '');
    const { mirror, record } = startRig([proxy.address]);
    await record('web/');
    proxy.blackhole();
    const since = performance.now();

    await expect(mirror.leaseLives('1')).rejects.toThrow();

    expect(performance.now() - since).toBeLessThan(2900);
  });
});
