import { afterAll, beforeAll, expect, it } from 'vitest';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { leaseClient, meddlerFor, promptly, startCandidate, startRegistrar } from '../kit/lease-rig.ts';
import { loseAnswer } from '../kit/meddler.ts';
import { describeNeeding } from '../kit/needs.ts';
import { rawEtcd } from '../kit/rig.ts';

/** What leases, registrations and elections ask of etcd, of the oldest that is supported. */
describeNeeding('etcd 3.4', 'on etcd 3.4', () => {
  let etcd: RegistryEtcd;

  beforeAll(async () => {
    etcd = await startEtcd({ release: '3.4' });
  });
  afterAll(() => etcd.stop());

  it('case 8: keys are put again within a second when their lease is revoked', async () => {
    const raw = rawEtcd(etcd.endpoints[0] ?? '');
    const { told, set } = startRegistrar(leaseClient(etcd.endpoints));
    await set({ 'old/a': 'v' });

    await raw.revoke((await raw.content('old/')).get('old/a')?.lease ?? '');

    await eventually(() => expect(told.at(-1)).toBe('old/a restored'), promptly);
  });

  it('fault 18: a lost answer to a grant or to a create makes neither a second lease nor a second key', async () => {
    const meddler = await meddlerFor(etcd.endpoints[0] ?? '');
    const lost = new Set<string>();
    meddler.meddling.call = (method, forward) => {
      if (!['Txn', 'LeaseGrant'].includes(method) || lost.has(method)) {
        return forward();
      }
      lost.add(method);
      return loseAnswer(forward);
    };

    const us = startCandidate(leaseClient([meddler.address]), { name: '/lost' });

    await eventually(() => expect(us.leading).toBeDefined(), promptly);
    expect(lost.size).toBe(2);
    expect([...(await rawEtcd(etcd.endpoints[0] ?? '').content('/lost/')).keys()]).toHaveLength(1);
  });

  it('case 13: a leader that resigns is followed within a second', async () => {
    const first = startCandidate(leaseClient(etcd.endpoints), { name: '/old', identity: 'first' });
    await eventually(() => expect(first.leading).toBeDefined());
    const second = startCandidate(leaseClient(etcd.endpoints), { name: '/old', identity: 'second' });
    await eventually(() => expect(second.stood).toHaveLength(1));

    await first.stop();

    await eventually(() => expect(second.leading).toBeDefined(), promptly);
  });
});
