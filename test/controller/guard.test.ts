import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { writesOf } from '../kit/audit.ts';
import { eventually } from '../kit/eventually.ts';
import { addresses, clearAll, Fleet } from '../kit/fleet.ts';
import { inTurns } from '../kit/in-parallel.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { ownAddress } from '../kit/own-address.ts';
import { addressesOf, type Scene, startScene } from '../kit/scene.ts';

let scene: Scene;
let fleet: Fleet;

beforeAll(async () => {
  scene = await startScene();
  fleet = new Fleet(scene);
  return () => scene.stop();
});

/** Each test has the registry for itself. */
afterEach(() => clearAll(scene));

/** The condition RemovalHeld. */
async function removalHeld(name: string): Promise<AnyObject> {
  const { conditions = [] } = (await scene.status(name)) ?? {};
  return conditions.find(({ type }: AnyObject) => type === 'RemovalHeld');
}

async function untilHeld(name: string, wanted: string): Promise<AnyObject> {
  return await eventually(
    async () => {
      const condition = await removalHeld(name);
      expect(`${condition?.status}/${condition?.reason}`, condition?.message).toBe(wanted);
      return condition;
    },
    { timeoutMs: 20_000, intervalMs: 50 },
  );
}

/** The id that the message of a condition names. */
function holdIn({ message }: AnyObject): string {
  return /^Hold (\S+) until/.exec(message)?.[1] ?? '';
}

/** Notes which Services are seen without any instance after they had some. */
async function watchEmptied(): Promise<() => readonly string[]> {
  const filled = new Set<string>();
  const emptied = new Set<string>();
  const end = await scene.objects.follow('endpoints', '', ({ object }) => {
    const { name } = object.metadata;
    if (addressesOf(object).length > 0) {
      filled.add(name);
    } else if (filled.has(name)) {
      emptied.add(name);
    }
  });
  onTestFinished(end);
  return () => [...emptied];
}

describe('a registry that loses its instances', () => {
  it('comes back purged: all is held; one service is released, and no other, and no later hold with it', async () => {
    const put = async (): Promise<void> => {
      for (const [index, address] of addresses(10).entries()) {
        await scene.registrar.put({ [`/services/web/${index}`]: address });
      }
      await scene.registrar.put({ '/services/api/1': '10.1.0.1:80' });
    };
    await put();
    await scene.define('web');
    await scene.define('api');
    await scene.untilReady('web');
    await scene.untilReady('api');

    await scene.registrar.etcd.deletePrefix('/services/');

    const id = holdIn(await untilHeld('web', 'True/HeldByRegistryGuard'));
    expect(holdIn(await untilHeld('api', 'True/HeldByRegistryGuard'))).toBe(id);
    await scene.objects.change('etcdservices', 'web', ({ metadata }) => {
      metadata.annotations = { 'etcd-endpoints.io/release-hold': id };
    });
    await scene.untilPublished('web', []);
    await untilHeld('web', 'False/HoldReleased');
    expect(await scene.condition('api', 'RemovalHeld')).toBe('True/HeldByRegistryGuard');
    expect(await scene.published('api')).toEqual(['10.1.0.1:80']);

    await put();
    await untilHeld('api', 'False/HoldEnded');
    await scene.untilPublished('web', addresses(10));
    await scene.registrar.etcd.deletePrefix('/services/');
    expect(holdIn(await untilHeld('web', 'True/HeldByRegistryGuard'))).not.toBe(id);
    expect(await scene.published('web')).toHaveLength(10);
  });

  it('comes back empty, as one that was restored: all is held, nothing is seen without instances, and what registers is published', async () => {
    const [member] = scene.registry.members;
    const names = Array.from({ length: 30 }, (_, index) => `r${index}`);
    await inTurns(names, (name, index) => fleet.start(name, addresses(3, index)));
    await inTurns(names, (name) => scene.define(name));
    await inTurns(names, (name) => scene.untilReady(name));
    const emptied = await watchEmptied();

    await member?.stop();
    await rm(member?.dataDirectory ?? '', { recursive: true });
    await member?.start();

    await inTurns(names, (name) => untilHeld(name, 'True/HeldByRegistryGuard'));
    await eventually(() => scene.registrar.put({ '/services/r0/new': '10.0.99.9:80' }));
    await scene.untilPublished('r0', [...addresses(3, 0), '10.0.99.9:80']);
    expect(emptied()).toEqual([]);
  });

  it('is held on by the next controller, which writes nothing, and whatever the spec becomes meanwhile', async () => {
    await fleet.start('web', addresses(12));
    await scene.define('web');
    await scene.untilReady('web');
    await fleet.revoke('web');
    const id = holdIn(await untilHeld('web', 'True/HeldByRegistryGuard'));
    await scene.controller.untilIdle();
    const before = await scene.versions();

    await scene.restartController();
    await eventually(async () =>
      expect(await scene.controller.metric('etcd_endpoints_endpoints_held')).toBe(12),
    );
    await scene.controller.untilIdle();
    expect((await writesOf(scene.controller)).map(({ verb, resource }) => `${verb} ${resource}`)).toEqual([]);
    expect(await scene.versions()).toEqual(before);

    await scene.restartController(async () => {
      await scene.objects.change('etcdservices', 'web', ({ spec }) => {
        spec.drainSeconds = 1;
      });
    });
    await eventually(async () =>
      expect(await scene.controller.metric('etcd_endpoints_endpoints_held')).toBe(12),
    );
    expect(holdIn(await untilHeld('web', 'True/HeldByRegistryGuard'))).toBe(id);
    expect(await scene.published('web')).toHaveLength(12);
  });

  it('is held on while an EtcdService is paused, and afterwards', async () => {
    await fleet.start('web', addresses(12));
    await fleet.start('api', addresses(2, 1));
    await scene.define('web');
    await scene.define('api');
    await scene.untilReady('web');
    await scene.untilReady('api');
    await fleet.revoke('web');
    const id = holdIn(await untilHeld('web', 'True/HeldByRegistryGuard'));

    const setMode = (mode: string): Promise<unknown> =>
      scene.objects.change('etcdservices', 'web', ({ spec }) => {
        spec.mode = mode;
      });
    await setMode('Paused');
    await eventually(async () => expect(await scene.condition('web', 'Ready')).toBe('Unknown/Paused'));
    await fleet.start('api', addresses(1, 2), 'b');
    await scene.untilPublished('api', [...addresses(2, 1), ...addresses(1, 2)]);
    await setMode('Publish');
    await eventually(async () => expect(await scene.condition('web', 'Ready')).toBe('True/Published'));

    expect(holdIn(await untilHeld('web', 'True/HeldByRegistryGuard'))).toBe(id);
    expect(await scene.published('web')).toHaveLength(12);
  });

  it('keeps 300 services of one to five instances whose leases all vanish, in one hold with one Event, until they are back', async () => {
    const holds = await scene.controller.metric('etcd_endpoints_holds_total');
    const names = Array.from({ length: 300 }, (_, index) => `s${index}`);
    const instances = (index: number): readonly string[] =>
      addresses(1 + (index % 5), 0).map((address) =>
        address.replace('10.0.0', `10.${index >> 6}.${index & 63}`),
      );
    await inTurns(names, (name, index) => fleet.start(name, instances(index)));
    await inTurns(names, (name) => scene.define(name));
    await eventually(
      async () => {
        const all = await scene.objects.list('etcdservices');
        expect(all.filter(({ status }) => status?.conditions?.[0]?.status === 'True')).toHaveLength(300);
      },
      { timeoutMs: 60_000, intervalMs: 250 },
    );

    await inTurns(names, (name) => fleet.revoke(name));

    const held = await eventually(
      async () => {
        const conditions = (await scene.objects.list('etcdservices')).map(({ status }) =>
          status.conditions.find(({ type }: AnyObject) => type === 'RemovalHeld'),
        );
        expect(conditions.filter(({ status }) => status === 'True')).toHaveLength(300);
        return conditions;
      },
      { timeoutMs: 60_000, intervalMs: 250 },
    );
    expect(new Set(held.map(holdIn)).size).toBe(1);
    expect(new Set(held.map(({ lastTransitionTime }) => lastTransitionTime)).size).toBe(1);
    await eventually(async () => {
      const all = await scene.objects.list('endpoints');
      const own = all.filter(({ metadata }) => /^s\d+$/.test(metadata.name));
      const count = own.flatMap(({ subsets = [] }) => subsets.flatMap(({ addresses: list = [] }) => list));
      expect(count).toHaveLength(900);
    });

    await inTurns(names, (name, index) => fleet.start(name, instances(index), 'b'));

    await eventually(
      async () => {
        const all = await scene.objects.list('etcdservices');
        const ended = all.filter(({ status }) =>
          status.conditions.some(({ reason }: AnyObject) => reason === 'HoldEnded'),
        );
        expect(ended).toHaveLength(300);
      },
      { timeoutMs: 60_000, intervalMs: 250 },
    );
    const events = (await scene.objects.list('events')).filter(
      ({ reason, involvedObject }) => reason === 'HeldByRegistryGuard' && names.includes(involvedObject.name),
    );
    expect(events.map(({ count }) => count)).toEqual([1]);
    expect(await scene.controller.metric('etcd_endpoints_holds_total')).toBe(holds + 1);
    expect(await scene.controller.metric('etcd_endpoints_endpoints_held')).toBe(0);
  });
});

describe('spec.guard', () => {
  it('holds the part of one service that vanishes, until enough has come instead', async () => {
    await fleet.start('web', addresses(2, 1), 'stay');
    await fleet.start('web', addresses(4, 2), 'go');
    await scene.define('web', { guard: {} });
    await scene.untilReady('web');

    await fleet.revoke('web', 'go');

    const { message } = await untilHeld('web', 'True/HeldByGuard');
    expect(message).toMatch(/: 4 of 6 instances of this service vanished from etcd; 4 of this service stay/);
    expect(await scene.published('web')).toHaveLength(6);
    await scene.untilCounted('web', { ready: 2, held: 4 });

    await fleet.start('web', addresses(1, 3), 'new');
    await scene.untilPublished('web', [...addresses(2, 1), ...addresses(1, 3)]);
    await untilHeld('web', 'False/HoldEnded');
  });

  it('lets go of what refuses connections, and keeps what answers', async () => {
    const { address, port } = await listener();
    const refusing = await refusingPort(address);
    const held = [`${address}:${port}`, `${address}:${refusing}`];
    await scene.defineWith('web', held, { guard: { ignoreBelow: 2, verify: 'TCP' } });

    await scene.registrar.etcd.deletePrefix('/services/web/');

    await scene.untilPublished('web', [`${address}:${port}`]);
    await untilHeld('web', 'True/HeldByGuard');
  });
});

describe('a hold whose time is over', () => {
  it('publishes the truth after the hold, and holds it no more', async () => {
    await scene.controller.kill();
    await scene.startController(['--guard-hold-seconds=3']);
    await fleet.start('web', addresses(12));
    await scene.define('web');
    await scene.untilReady('web');

    await fleet.revoke('web');

    const { message } = await untilHeld('web', 'True/HeldByRegistryGuard');
    expect(message).toMatch(
      /: 12 of 12 instances of the registry vanished from etcd; 12 of this service stay/,
    );
    expect(await scene.published('web')).toHaveLength(12);
    expect((await scene.status('web')).summary).toBe('12/12');
    await scene.untilPublished('web', []);
    const { message: after } = await untilHeld('web', 'False/HoldExpired');
    expect(after).toMatch(/^The time of hold \S+ is over/);
    expect(await scene.events('web')).toContainEqual(
      expect.stringMatching(/^Warning HeldByRegistryGuard Hold/),
    );
  });
});

/** An address of this machine that may be published, with a port that answers until the test ends. */
async function listener(): Promise<AddressInfo> {
  const server = createServer((socket) => socket.destroy());
  server.listen(0, ownAddress());
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return server.address() as AddressInfo;
}

/** A port of that address that nobody listens on. */
async function refusingPort(address: string): Promise<number> {
  const server = createServer().listen(0, address);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
