import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import type { Term } from '../../src/leadership/term.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import {
  areApart,
  holderOf,
  isWritable,
  LeaseReplica,
  leaseName,
  newNamespace,
  retryMs,
  ttlMs,
  whoLeads,
} from '../kit/lease-replica.ts';

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
