import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { leaseClient, startCandidate, startReplica } from '../kit/lease-rig.ts';
import { rawEtcd } from '../kit/rig.ts';

const ttlMs = 5_000;

/** Leaders that are processes of their own, so that they can be stopped, blocked and killed. */
describe('a leader', () => {
  let etcd: RegistryEtcd;
  const endpoint = (): string => etcd.endpoints[0] ?? '';

  beforeAll(async () => {
    etcd = await startEtcd();
  });
  afterAll(() => etcd.stop());

  /** A leading process and a candidate behind it that, once elected, marks the revision from which nothing of the old term may come. */
  const begin = async (name: string) => {
    const raw = rawEtcd(endpoint());
    const replica = await startReplica(endpoint(), name, 'process', `writes${name}`);
    await eventually(() => expect(replica.output).toContain('leads'));
    const standby = startCandidate(leaseClient(etcd.endpoints), { name, identity: 'standby' });
    await eventually(() => expect(standby.stood).toHaveLength(1));
    const marked = eventually(
      async () => {
        expect(standby.leading).toBeDefined();
        return await raw.put(`marks${name}`, 'x');
      },
      { timeoutMs: 20_000, intervalMs: 2 },
    );
    const writesAfter = async (revision: number): Promise<number> =>
      (await raw.history(revision + 1, `writes${name}`)).length;
    const writes = async (): Promise<number> =>
      Number((await raw.content(`writes${name}`)).get(`writes${name}`)?.version ?? 0);
    await eventually(async () => expect(await writes()).toBeGreaterThan(5));
    return { raw, replica, standby, marked, writesAfter };
  };

  it('fault 16: writes nothing more and steps down once when it was stopped, or blocked, for longer than its TTL', async () => {
    const [stopped, blocked] = [await begin('/stopped'), await begin('/blocked')];

    stopped.replica.signal('SIGSTOP');
    blocked.replica.signal('SIGUSR2');
    const marks = [await stopped.marked, await blocked.marked];
    stopped.replica.signal('SIGCONT');
    await eventually(() => expect(stopped.replica.output).toMatch(/ended \d+ lease-lost/));
    await eventually(() => expect(blocked.replica.output).toMatch(/ended \d+ lease-lost/));

    for (const [index, { replica, standby, writesAfter }] of [stopped, blocked].entries()) {
      expect(await writesAfter(marks[index] ?? 0)).toBe(0);
      expect(replica.output.match(/ended/g)).toHaveLength(1);
      expect(standby.terms).toHaveLength(1);
    }
  });

  it('fault 20: that is killed is followed within its TTL and two seconds', async () => {
    const { replica, marked, writesAfter } = await begin('/killed');
    const killed = performance.now();

    replica.signal('SIGKILL');
    const mark = await marked;

    expect(performance.now() - killed).toBeLessThan(ttlMs + 2_000);
    expect(await writesAfter(mark)).toBe(0);
  });
});
