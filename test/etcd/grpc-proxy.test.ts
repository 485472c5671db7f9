import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Child, startChild } from '../../dev/control-plane/child.ts';
import { freePort } from '../../dev/control-plane/free-port.ts';
import { servers } from '../kit/control-plane.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { faultless, judge } from '../kit/recorder.ts';
import { proxyFor, rawEtcd, startRig } from '../kit/rig.ts';

/** etcd's own gRPC proxy, which numbers watches by itself, joins them into one, and forwards no progress. */
describe("etcd's gRPC proxy", () => {
  let etcd: RegistryEtcd;
  let grpcProxy: Child;
  let address: string;

  beforeAll(async () => {
    etcd = await startEtcd();
    address = `127.0.0.1:${await freePort()}`;
    grpcProxy = await startChild(servers().binaries.etcd, [
      'grpc-proxy',
      'start',
      `--endpoints=${etcd.endpoints.join(',')}`,
      `--listen-addr=${address}`,
    ]);
  });
  afterAll(async () => {
    await grpcProxy.stop();
    await etcd.stop();
  });

  it('is followed like a member, through breaks too', async () => {
    const proxy = await proxyFor(address);
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
