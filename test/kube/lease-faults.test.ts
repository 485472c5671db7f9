import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ContestedLease } from '../../src/kube/lease-elector-lease.ts';
import { newHolder } from '../../src/kube/lease-elector-record.ts';
import type { Rule } from '../../src/kube/rights.ts';
import { servers } from '../kit/control-plane.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import type { AnyObject, KubeObjects } from '../kit/kube-objects.ts';
import { kubeRig } from '../kit/kube-rig.ts';
import {
  areApart,
  endOf,
  holderOf,
  isWritable,
  LeaseReplica,
  leaseName,
  newNamespace,
  retryMs,
  ttlMs,
} from '../kit/lease-replica.ts';
import { ServiceAccount, withoutVerb } from '../kit/service-account.ts';
import { startTcpProxy, type TcpProxy } from '../kit/tcp-proxy.ts';

/** All that an elector needs. */
const grants: readonly Rule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
];

async function accountOf(
  objects: KubeObjects,
  server = servers().credentials.server,
): Promise<ServiceAccount> {
  const account = await ServiceAccount.create(objects, { ...servers().credentials, server });
  onTestFinished(() => account.remove());
  return account;
}

/** A replica that reaches the apiserver through a proxy, with no more rights than it needs. */
async function proxiedReplica(objects: KubeObjects): Promise<{ proxy: TcpProxy; replica: LeaseReplica }> {
  const proxy = await startTcpProxy(Number(new URL(servers().credentials.server).port));
  onTestFinished(() => proxy.close());
  const account = await accountOf(objects, `https://${proxy.address}`);
  await account.grant(objects, grants);
  const replica = new LeaseReplica(objects, {
    identity: 'far',
    kube: { kubeconfig: account.kubeconfigPath },
  });
  return { proxy, replica };
}

function microTime(): string {
  return new Date().toISOString().replace('Z', '000Z');
}

/** Makes another the holder, as a client that breaks the rules would. */
async function steal(objects: KubeObjects, holder: string): Promise<AnyObject> {
  return await objects.change('leases', leaseName, ({ spec }) => {
    spec.holderIdentity = holder;
    spec.leaseDurationSeconds = ttlMs / 1000;
    spec.renewTime = microTime();
    spec.leaseTransitions += 1;
  });
}

describe('a leader whose record is not as it left it', () => {
  it('ends its term at the next renewal when another is named, and stands again', async () => {
    const objects = await newNamespace();
    const replica = new LeaseReplica(objects);
    const lived = await replica.term();
    await steal(objects, 'thief');
    const from = performance.now();
    expect(await endOf(lived)).toBe('key-lost');
    expect((lived.to ?? 0) - from).toBeLessThan(retryMs + marginMs);
    expect(isWritable(lived)).toBe(false);
    expect(replica.elector.leader).toMatchObject({ identity: 'thief', own: false });
    const again = await replica.term(2);
    expect(again.term.number).toBe(3);
  });

  it('ends its term when the Lease is deleted, and numbers the next one higher all the same', async () => {
    const objects = await newNamespace();
    const replica = new LeaseReplica(objects);
    const lived = await replica.term();
    await objects.delete('leases', leaseName);
    expect(await endOf(lived)).toBe('key-lost');
    expect((await replica.term(2)).term.number).toBe(2);
  });

  it('goes on when others only write their notes on the Lease, though a write of its own fails by that', async () => {
    const objects = await newNamespace();
    const replica = new LeaseReplica(objects);
    const lived = await replica.term();
    const from = performance.now();
    for (let note = 0; performance.now() - from < ttlMs + 1000; note += 1) {
      await objects.change('leases', leaseName, ({ metadata }) => {
        metadata.annotations = { note: String(note) };
      });
    }
    expect(replica.current).toBe(lived);
    expect((await objects.get('leases', leaseName)).metadata.annotations).toHaveProperty('note');
  });

  it('is no longer leading for such notes: they are no sign of life', async () => {
    const objects = await newNamespace();
    const { proxy, replica: far } = await proxiedReplica(objects);
    await far.term();
    const near = new LeaseReplica(objects, { identity: 'near' });
    await eventually(() => expect(near.elector.leader?.identity).toBe('far'));
    proxy.blackhole();
    const from = performance.now();
    while (near.current === undefined && performance.now() - from < 2 * ttlMs) {
      await objects.change('leases', leaseName, ({ metadata }) => {
        metadata.annotations = { note: String(performance.now()) };
      });
      await pause(200);
    }
    proxy.heal();
    expect(near.terms).toHaveLength(1);
    await eventually(() => expect(areApart(far, near)).toBe(true));
  });
});

describe('a leader that does not reach the apiserver', () => {
  it('is suspended after two thirds of its time, ends with it, and only then another leads', async () => {
    const objects = await newNamespace();
    const { proxy, replica: far } = await proxiedReplica(objects);
    const lived = await far.term();
    const near = new LeaseReplica(objects, { identity: 'near' });
    await eventually(() => expect(near.elector.leader?.identity).toBe('far'));
    proxy.blackhole();
    const from = performance.now();
    await eventually(() => expect(lived.states).toEqual(['suspended']));
    expect(isWritable(lived)).toBe(false);
    expect(near.terms).toEqual([]);
    expect(await endOf(lived)).toBe('lease-lost');
    const next = await near.term();
    expect(next.from - from).toBeLessThan(ttlMs + 2000 + marginMs);
    expect(areApart(far, near)).toBe(true);
    expect(far.failures.at(-1)).toContain(`Lease ${objects.namespace}/main: no answer within`);
    proxy.heal();
    await eventually(() => expect(far.elector.leader).toMatchObject({ identity: 'near', own: false }));
    await eventually(() => expect(far.failures.at(-1)).toBeUndefined());
    expect(far.terms).toHaveLength(1);
  });

  it('goes on in the same term where it reaches it again in time, though renewals came through unanswered', async () => {
    const objects = await newNamespace();
    const { proxy, replica } = await proxiedReplica(objects);
    const lived = await replica.term();
    proxy.blackhole('toClient');
    await eventually(() => expect(lived.states).toEqual(['suspended']));
    proxy.heal();
    await eventually(() => expect(lived.states).toEqual(['suspended', 'active']));
    expect(isWritable(lived)).toBe(true);
    expect(replica.terms).toHaveLength(1);
    expect((await objects.get('leases', leaseName)).spec.leaseTransitions).toBe(0);
  });

  it('gives up in a few seconds what it cannot release', async () => {
    const objects = await newNamespace();
    const { proxy, replica } = await proxiedReplica(objects);
    await replica.term();
    proxy.refuse();
    proxy.cut();
    const from = performance.now();
    await replica.stop();
    expect(performance.now() - from).toBeLessThan(10_000 + marginMs);
    expect(replica.logLines.join('\n')).toContain('it ends with its time');
    expect(replica.terms.map(({ end }) => end)).toEqual(['resigned']);
  });
});

describe('a standby that was asleep', () => {
  it('looks again before it takes the lead, and counts the time from what it finds', async () => {
    const objects = await newNamespace();
    const clock = new FakeClock();
    const { client, deps } = kubeRig({ kubeconfig: servers().credentials.kubeconfigPath });
    const claimant = {
      namespace: objects.namespace,
      name: leaseName,
      holder: newHolder('standby'),
      ttlSeconds: ttlMs / 1000,
    };
    const log = { ...deps.log, error: deps.log.warn };
    const contested = new ContestedLease(client, claimant, { clock, log });
    await objects.create('leases', leaseName, { spec: { leaseTransitions: 0 } });
    await steal(objects, 'leader');
    expect(await contested.take()).toBeUndefined();
    clock.suspend(60_000);
    expect(contested.leader).toBeUndefined();
    await steal(objects, 'leader');
    expect(await contested.take()).toBeUndefined();
    expect(contested.leader).toMatchObject({ identity: 'leader', term: 3, own: false });
    clock.suspend(ttlMs - 1);
    expect(await contested.take()).toBeUndefined();
    clock.suspend(1);
    expect(await contested.take()).toMatchObject({ number: 4 });
    expect(await holderOf(objects)).toBe(claimant.holder);
  });
});

describe('what keeps a replica from standing', () => {
  it('is named verb by verb, until each is granted', async () => {
    const objects = await newNamespace();
    const account = await accountOf(objects);
    const replica = new LeaseReplica(objects, { kube: { kubeconfig: account.kubeconfigPath } });
    let granted = grants;
    for (const verb of ['update', 'create', 'get']) {
      granted = withoutVerb(granted, verb, 'leases');
    }
    for (const verb of ['get', 'create', 'update']) {
      const advice = `grant verb "${verb}" on "leases.coordination.k8s.io" in namespace ${objects.namespace}`;
      await eventually(() => expect(replica.failures.at(-1)).toContain(advice));
      expect(replica.logLines.join('\n')).toContain(JSON.stringify(advice).slice(1, -1));
      granted = [{ ...grants[0], verbs: [...(granted[0]?.verbs ?? []), verb] } as Rule];
      await account.grant(objects, granted);
    }
    await replica.term();
    await eventually(() => expect(replica.failures.at(-1)).toBeUndefined());
  });

  it('is tried again where it can change, and told at once where it cannot', async () => {
    const objects = await newNamespace();
    const elsewhere = new LeaseReplica(objects, { namespace: 'not-there' });
    await eventually(() => expect(elsewhere.failures.at(-1)).toContain('namespaces "not-there" not found'));
    await elsewhere.stop();
    const misnamed = new LeaseReplica(objects, { name: 'Main_Lease' });
    await expect(misnamed.run).rejects.toMatchObject({ code: 'KUBE_INVALID' });
    await expect(misnamed.run).rejects.toThrow(
      `Lease ${objects.namespace}/Main_Lease: invalid metadata.name`,
    );
  });
});
