import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { ContestedLease } from '../../src/kube/lease-elector-lease.ts';
import { newHolder } from '../../src/kube/lease-elector-record.ts';
import type { Rule } from '../../src/kube/rights.ts';
import type { Term } from '../../src/leadership/term.ts';
import { servers } from '../kit/control-plane.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import { FakeClock } from '../kit/fake-clock.ts';
import { type AnyObject, KubeObjects } from '../kit/kube-objects.ts';
import { kubeRig } from '../kit/kube-rig.ts';
import {
  areApart,
  endOf,
  isWritable,
  LeaseReplica,
  leaseName,
  retryMs,
  ttlMs,
  whoLeads,
} from '../kit/lease-replica.ts';
import { createNamespace } from '../kit/namespace.ts';
import { ServiceAccount, withoutVerb } from '../kit/service-account.ts';
import { startTcpProxy, type TcpProxy } from '../kit/tcp-proxy.ts';

/** All that an elector needs. */
const grants: readonly Rule[] = [
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
];

async function newNamespace(): Promise<KubeObjects> {
  const namespace = await createNamespace('lease');
  onTestFinished(() => namespace.remove());
  return new KubeObjects(servers().credentials, namespace.name);
}

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

async function holderOf(objects: KubeObjects): Promise<string> {
  return (await objects.get('leases', leaseName)).spec.holderIdentity;
}

describe('an election on a Lease', () => {
  it('has one leader, whom all see', async () => {
    const objects = await newNamespace();
    const a = new LeaseReplica(objects, { identity: 'a' });
    const b = new LeaseReplica(objects, { identity: 'b' });
    const leading = await whoLeads(a, b);
    const [standing, identity] = leading === a ? [b, 'a'] : [a, 'b'];
    const leader = { identity, key: `${objects.namespace}/main`, term: 1 };
    await eventually(() => expect(standing.elector.leader).toEqual({ ...leader, own: false }));
    expect(leading.elector.leader).toEqual({ ...leader, own: true });
    const { spec } = await objects.get('leases', leaseName);
    expect(spec.holderIdentity).toMatch(new RegExp(`^${identity}_[0-9a-f]{8}$`));
    expect(spec).toMatchObject({ leaseDurationSeconds: ttlMs / 1000, leaseTransitions: 0 });
    await eventually(async () => {
      const now = (await objects.get('leases', leaseName)).spec;
      expect(Date.parse(now.renewTime) - Date.parse(spec.renewTime)).toBeGreaterThan(ttlMs);
    });
    expect(leading.terms).toHaveLength(1);
    expect(leading.terms[0]?.states).toEqual([]);
    expect(standing.terms).toEqual([]);
  });

  it('passes to the next at its next look when the leader stops, in a term of a higher number', async () => {
    const objects = await newNamespace();
    const replicas = ['a', 'b', 'c'].map((identity) => new LeaseReplica(objects, { identity }));
    const numbers: number[] = [];
    for (let left = replicas; left.length > 0; ) {
      const leading = await whoLeads(...left);
      numbers.push(leading.current?.term.number ?? 0);
      left = left.filter((replica) => replica !== leading);
      await eventually(() => {
        for (const other of left) {
          expect(other.elector.leader?.own).toBe(false);
        }
      });
      await leading.stop();
      expect(leading.terms.map(({ end }) => end)).toEqual(['resigned']);
      const from = performance.now();
      if (left.length > 0) {
        await whoLeads(...left);
        expect(performance.now() - from).toBeLessThan(retryMs + marginMs);
      }
    }
    expect(numbers).toEqual([1, 2, 3]);
    expect(areApart(...replicas)).toBe(true);
    expect((await objects.get('leases', leaseName)).spec).toMatchObject({
      holderIdentity: '',
      leaseDurationSeconds: 1,
    });
  });

  it('waits for the time of a holder that is killed, and no longer', async () => {
    const objects = await newNamespace();
    // A clock that is wrong by years must not matter.
    await objects.create('leases', leaseName, {
      spec: {
        holderIdentity: 'killed',
        leaseDurationSeconds: ttlMs / 1000,
        acquireTime: '2001-01-01T00:00:00.000000Z',
        renewTime: '2001-01-01T00:00:00.000000Z',
        leaseTransitions: 41,
      },
    });
    const from = performance.now();
    const replica = new LeaseReplica(objects, { identity: 'next' });
    await eventually(() => expect(replica.elector.leader).toMatchObject({ identity: 'killed', term: 42 }));
    const lived = await replica.term();
    expect(lived.from - from).toBeGreaterThanOrEqual(ttlMs);
    expect(lived.from - from).toBeLessThan(ttlMs + 2000 + marginMs);
    expect(lived.term.number).toBe(43);
    expect(replica.news.filter((leader) => leader !== '-')).toEqual(['killed 42', 'next 43']);
  });

  it('leaves the lead to a holder that renews, whatever it says of the time', async () => {
    const objects = await newNamespace();
    const old = '2001-01-01T00:00:00';
    const record = (renewal: number): object => ({
      holderIdentity: 'alive',
      leaseDurationSeconds: 4,
      acquireTime: `${old}.000000Z`,
      renewTime: `${old}.0000${10 + renewal}Z`,
      leaseTransitions: 0,
    });
    await objects.create('leases', leaseName, { spec: record(0) });
    const replica = new LeaseReplica(objects);
    await eventually(() => expect(replica.elector.leader?.identity).toBe('alive'));
    for (let renewal = 1; renewal <= 16; renewal += 1) {
      await objects.change('leases', leaseName, (object) => {
        object.spec = record(renewal);
      });
      await pause(300);
    }
    expect(replica.terms).toEqual([]);
    await replica.term();
  });

  it('drains in its term before it passes on', async () => {
    const objects = await newNamespace();
    const { promise: drained, resolve: drain } = Promise.withResolvers<void>();
    const a = new LeaseReplica(objects, {
      identity: 'a',
      lead: (_term, stopped) => stopped.then(() => drained),
    });
    const lived = await a.term();
    const b = new LeaseReplica(objects, { identity: 'b' });
    const stopped = a.stop();
    const { renewTime } = (await objects.get('leases', leaseName)).spec;
    await eventually(async () => {
      expect((await objects.get('leases', leaseName)).spec.renewTime).not.toBe(renewTime);
    });
    expect(isWritable(lived)).toBe(true);
    expect(b.terms).toEqual([]);
    drain();
    await stopped;
    await b.term();
    expect(areApart(a, b)).toBe(true);
  });

  it('is left when what leads returns, and when it throws', async () => {
    const objects = await newNamespace();
    const done = new LeaseReplica(objects, { lead: () => Promise.resolve() });
    await done.run;
    expect(await holderOf(objects)).toBe('');
    const failed = new LeaseReplica(objects, { lead: () => Promise.reject(new Error('out of order')) });
    await expect(failed.run).rejects.toThrow('out of order');
    expect(await holderOf(objects)).toBe('');
    expect([...done.terms, ...failed.terms].map(({ term, end }) => [term.number, end])).toEqual([
      [1, 'resigned'],
      [2, 'resigned'],
    ]);
    expect(failed.elector.leader).toBeUndefined();
  });

  it('is left by closing, also while the term lasts', async () => {
    const objects = await newNamespace();
    const leading = new LeaseReplica(objects, { lead: (term) => term.ended.then(() => undefined) });
    const lived = await leading.term();
    await leading.elector.close();
    expect(lived.end).toBe('resigned');
    expect(isWritable(lived)).toBe(false);
    await leading.run;
    expect(await holderOf(objects)).toBe('');
  });
});

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

describe('two replicas with one identity', () => {
  it('are two candidates, and the one who sees the other live says so once', async () => {
    const objects = await newNamespace();
    const a = new LeaseReplica(objects, { identity: 'same' });
    const b = new LeaseReplica(objects, { identity: 'same' });
    const leading = await whoLeads(a, b);
    const standing = leading === a ? b : a;
    const holder = await holderOf(objects);
    await eventually(() => expect(standing.doubles).toEqual([holder]));
    await leading.stop();
    await standing.term();
    expect(areApart(a, b)).toBe(true);
    expect(standing.doubles).toEqual([holder]);
    expect(leading.doubles).toEqual([]);
    expect(standing.logLines.join('\n')).toContain('Another replica bears our identity');
  });

  it('are not one that was restarted', async () => {
    const objects = await newNamespace();
    const before = new LeaseReplica(objects, { identity: 'same' });
    await before.term();
    await before.stop();
    const { promise: led, resolve } = Promise.withResolvers<Term>();
    const after = new LeaseReplica(objects, { identity: 'same', lead: async (term) => resolve(term) });
    expect((await led).number).toBe(2);
    await after.run;
    expect(after.doubles).toEqual([]);
  });
});
