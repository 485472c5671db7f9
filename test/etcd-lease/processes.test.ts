import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { leaseClient, startCandidate, startReplica } from '../kit/lease-rig.ts';
import { measured } from '../kit/measured.ts';

const ttlMs = 5_000;
const mark = 'the next leader';

/** Leaders that are processes of their own, so that they can be stopped, blocked and killed. */
describe('a leader', () => {
  let etcd: RegistryEtcd;
  let directory: string;

  beforeAll(async () => {
    etcd = await startEtcd();
    directory = await mkdtemp(join(tmpdir(), 'etcd-endpoints-leaders-'));
  });
  afterAll(async () => {
    await etcd.stop();
    await rm(directory, { recursive: true });
  });

  /** A process that leads and writes, and a candidate behind it that marks in the same file when it leads. */
  const begin = async (name: string) => {
    const file = join(directory, name);
    const lines = async (): Promise<string[]> => (await readFile(file, 'utf8')).trim().split('\n');
    const replica = await startReplica(etcd.endpoints[0] ?? '', `/${name}`, 'process', file);
    await eventually(async () => expect((await lines()).length).toBeGreaterThan(5));
    const standby = startCandidate(leaseClient(etcd.endpoints), { name: `/${name}`, identity: 'standby' });
    await eventually(() => expect(standby.stood).toHaveLength(1));
    const followed = eventually(() => expect(standby.leading).toBeDefined(), {
      intervalMs: 2,
    }).then(() => appendFile(file, `${mark}\n`));
    return { replica, standby, followed, lines };
  };

  it('fault 16: writes nothing more and steps down once when it was stopped, or blocked, for longer than its TTL', async () => {
    const [stopped, blocked] = [await begin('stopped'), await begin('blocked')];

    stopped.replica.signal('SIGHUP');
    blocked.replica.signal('SIGUSR2');
    await Promise.all([stopped.followed, blocked.followed]);
    stopped.replica.signal('SIGCONT');

    for (const { replica, standby, lines } of [stopped, blocked]) {
      await eventually(() => expect(replica.output).toMatch(/ended \d+ lease-lost/));
      expect((await lines()).at(-1)).toBe(mark);
      expect(replica.output.match(/ended/g)).toHaveLength(1);
      measured(
        'writes after the successor began',
        (await lines()).length - 1 - (await lines()).lastIndexOf(mark),
        {
          most: 0,
        },
      );
      expect(standby.terms).toHaveLength(1);
    }
  });

  it('fault 20: that is killed is followed within its TTL and two seconds', async () => {
    const { replica, followed, lines } = await begin('killed');
    const killed = performance.now();

    replica.signal('SIGKILL');
    await followed;

    measured('new leader, at a TTL of 5 s, after', performance.now() - killed, {
      unit: 'ms',
      most: ttlMs + 2_000,
    });
    expect((await lines()).at(-1)).toBe(mark);
  });
});
