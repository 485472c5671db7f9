import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { type GrpcProxy, startGrpcProxy } from '../kit/grpc-proxy.ts';
import { faultless, judge } from '../kit/recorder.ts';
import { proxyFor, rawEtcd, startRig } from '../kit/rig.ts';

/** etcd's own gRPC proxy, which numbers watches by itself, joins them into one, and forwards no progress. */
describe("etcd's gRPC proxy", () => {
  let etcd: RegistryEtcd;
  let grpcProxy: GrpcProxy;

  beforeAll(async () => {
    etcd = await startEtcd();
    grpcProxy = await startGrpcProxy(etcd.endpoints);
  });
  afterAll(async () => {
    await grpcProxy.process.stop();
    await etcd.stop();
  });

  it('is followed like a member, through breaks too', async () => {
    const proxy = await proxyFor(grpcProxy.address);
    const raw = rawEtcd(etcd.endpoints[0] ?? '');
    await raw.put('p/a/before', 'v');
    const { record, seen } = startRig([proxy.address]);
    const recorders = [await record('p/a/'), await record('p/b/'), await record('p/')];
    const before = await raw.revision();

    for (let round = 0; round < 5; round += 1) {
      await raw.commit(new Map([`p/a/${round}`, `p/b/${round}`, 'p/b/same'].map((key) => [key, `${round}`])));
      await eventually(() => expect(recorders[2]?.told.has(`p/a/${round}`)).toBe(true));
      proxy.cut();
      await raw.delete('p/b/same');
    }

    for (const recorder of recorders) {
      await eventually(async () => expect(await judge(recorder, raw, before + 1)).toEqual(faultless));
    }
    expect(seen.listings.map(({ reason }) => reason)).toEqual(['first', 'first', 'first']);
  });
});
