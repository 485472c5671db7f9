import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import type { EtcdOptions } from '../../src/etcd/options.ts';
import { Registry } from '../../src/registries/registry.ts';
import { type RegistryEtcd, startEtcd, type TestEtcdOptions } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { contentDifference, faultless, judge, Recorder } from '../kit/recorder.ts';
import { keepingLog, proxyFor, rawEtcd } from '../kit/rig.ts';

const passwords = ['first-secret', 'second-secret'] as const;

/** A registry under test, with what it logs and why it listed. */
function registryUnderTest(): { registry: Registry; logLines: string[]; lists: string[] } {
  const logLines: string[] = [];
  const lists: string[] = [];
  const registry = new Registry('company', {
    clock: systemClock,
    log: keepingLog(logLines),
    observer: { listed: ({ reason }) => lists.push(reason) },
  });
  onTestFinished(() => registry.close());
  return { registry, logLines, lists };
}

async function etcdForTest(options: TestEtcdOptions = {}): Promise<RegistryEtcd> {
  const etcd = await startEtcd(options);
  onTestFinished(() => etcd.stop());
  return etcd;
}

async function recordOf(registry: Registry, prefix: string): Promise<Recorder> {
  const recorder = new Recorder(registry.mirror, prefix);
  await eventually(() => expect(recorder.synced).toBe(true));
  return recorder;
}

/** Writes on and on until it is ended. */
function writing(write: (count: number) => Promise<unknown>): { end: () => Promise<number> } {
  let goesOn = true;
  const done = (async () => {
    let count = 0;
    while (goesOn) {
      await write(count);
      count += 1;
    }
    return count;
  })();
  return {
    end: async () => {
      goesOn = false;
      return await done;
    },
  };
}

describe('a registry whose addresses and credentials change', () => {
  it('goes on under a rotated password while keys are written, and loses, doubles and reorders no event', async () => {
    const etcd = await etcdForTest({
      auth: {
        rootPassword: 'root-secret',
        users: passwords.map((password, index) => ({
          name: `reader${index}`,
          password,
          prefix: 'k/',
          access: 'read' as const,
        })),
      },
    });
    const raw = rawEtcd(etcd.endpoints[0] ?? '');
    await raw.logIn('root', 'root-secret');
    const optionsOf = (index: 0 | 1): EtcdOptions => ({
      hosts: etcd.endpoints,
      user: { name: `reader${index}`, password: passwords[index] },
    });
    const { registry, logLines, lists } = registryUnderTest();
    registry.renew(optionsOf(0));
    const recorder = await recordOf(registry, 'k/');
    const from = (await raw.revision()) + 1;
    const writer = writing((count) => raw.put(`k/${count % 50}`, String(count)));

    for (const index of [1, 0, 1, 0, 1] as const) {
      const before = recorder.changes.length;
      registry.renew(optionsOf(index));
      await eventually(() => expect(recorder.changes.length).toBeGreaterThan(before + 100));
    }
    // Nothing is left that the first user is needed for.
    await etcd.etcdctl(['user', 'delete', 'reader0']);
    const before = recorder.changes.length;
    await eventually(() => expect(recorder.changes.length).toBeGreaterThan(before + 100));
    await writer.end();

    await eventually(async () => expect(await judge(recorder, raw, from)).toEqual(faultless));
    expect(lists).toEqual(['first']);
    expect(logLines.join('\n')).not.toMatch(/first-secret|second-secret|root-secret/);
  });

  it('keeps its former credentials while etcd refuses the new ones, says so, and takes the next', async () => {
    const etcd = await etcdForTest({
      auth: {
        rootPassword: 'root-secret',
        users: [{ name: 'reader', password: 'right-secret', prefix: 'k/', access: 'read' }],
      },
    });
    const optionsOf = (password: string): EtcdOptions => ({
      hosts: etcd.endpoints,
      user: { name: 'reader', password },
    });
    const { registry, logLines } = registryUnderTest();
    registry.renew(optionsOf('right-secret'));
    const recorder = await recordOf(registry, 'k/');

    registry.renew(optionsOf('wrong-secret'));
    await eventually(() => expect(registry.problem).toMatchObject({ code: 'ETCD_AUTH_FAILED' }));
    await etcd.etcdctl(['put', 'k/a', 'v']);
    await eventually(() => expect(recorder.told.get('k/a')).toBe('v'));
    expect(registry.mirror.connection.connected).toBe(true);

    registry.renew(optionsOf('right-secret'));
    await eventually(() => expect(registry.problem).toBeUndefined());
    await etcd.etcdctl(['put', 'k/a', 'w']);
    await eventually(() => expect(recorder.told.get('k/a')).toBe('w'));
    expect(logLines.join('\n')).not.toMatch(/right-secret|wrong-secret/);
  });

  it('waits for its first credentials, and says why', async () => {
    const etcd = await etcdForTest();
    await etcd.etcdctl(['put', 'k/a', 'v']);
    const { registry } = registryUnderTest();
    registry.withhold(new Error('Secret company does not exist'));
    const recorder = new Recorder(registry.mirror, 'k/');
    await eventually(() =>
      expect(registry.mirror.connection.error?.message).toContain('Secret company does not exist'),
    );
    expect([registry.usable, recorder.synced]).toEqual([false, false]);

    registry.renew({ hosts: etcd.endpoints });
    await eventually(() => expect(recorder.told.get('k/a')).toBe('v'));
  });

  it('follows another cluster by mark and sweep: only what differs is told', async () => {
    const [old, young] = await Promise.all([etcdForTest(), etcdForTest()]);
    for (const etcd of [old, young]) {
      await etcd.etcdctl(['put', 'k/both', 'v']);
    }
    await old.etcdctl(['put', 'k/old', 'v']);
    await young.etcdctl(['put', 'k/young', 'v']);
    const { registry } = registryUnderTest();
    registry.renew({ hosts: old.endpoints });
    const recorder = await recordOf(registry, 'k/');

    registry.renew({ hosts: young.endpoints });

    const raw = rawEtcd(young.endpoints[0] ?? '');
    await eventually(async () => expect(await contentDifference(recorder, raw)).toBe(0));
    expect([...recorder.told.keys()]).toEqual(['k/both', 'k/young']);
  });

  it('leaves no connection open: neither those it has left nor those of a trial', async () => {
    const etcd = await etcdForTest();
    const proxies = await Promise.all([1, 2, 3].map(() => proxyFor(etcd.endpoints[0] ?? '')));
    const [first, second, silent] = proxies;
    const { registry } = registryUnderTest();
    registry.renew({ hosts: [`http://${first?.address}`] });
    await recordOf(registry, 'k/');

    registry.renew({ hosts: [`http://${second?.address}`] });
    await eventually(() => expect(second?.open).toBeGreaterThan(0));
    await eventually(() => expect(first?.open).toBe(0));

    silent?.blackhole();
    registry.renew({ hosts: [`http://${silent?.address}`] });
    await eventually(() => expect(silent?.open).toBeGreaterThan(0));
    await registry.close();
    await eventually(() => expect(proxies.map(({ open }) => open)).toEqual([0, 0, 0]));
  });
});
