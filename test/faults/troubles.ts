import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { eventually } from '../kit/eventually.ts';
import { leads } from '../kit/replicas.ts';
import type { Mischief } from './apiserver-front.ts';
import type { Registered } from './registered.ts';
import type { Seat, World } from './world.ts';

/** What ends a trouble; nothing is left of it when it resolves. */
type End = () => void | Promise<void>;

/** Begins a trouble. What it chooses, it chooses by `random`. */
type Begin = (scene: TroubledScene) => End | Promise<End>;

export interface TroubledScene {
  readonly world: World;
  readonly registered: Registered;
  readonly random: () => number;
}

/** How long a member of etcd may take to be whole again, in milliseconds. */
const wholeWithin = { timeoutMs: 60_000 };

/** Every fault by its name. Each may happen at any time, also while another lasts, but not while itself does. */
export const troubles: Readonly<Record<string, Begin>> = {
  'replica paused': (scene) => {
    const { replica } = anySeat(scene);
    replica.signal('SIGSTOP');
    return () => replica.signal('SIGCONT');
  },
  'replica killed': async (scene) => {
    const seat = anySeat(scene);
    await seat.replica.kill();
    return () => scene.world.seat(seat);
  },
  'replica stopped': async (scene) => {
    const seat = anySeat(scene);
    seat.replica.signal('SIGCONT');
    await seat.replica.stop();
    return () => scene.world.seat(seat);
  },
  'wall clock of a replica set': (scene) => {
    anySeat(scene).replica.signal('SIGUSR2');
    return () => undefined;
  },
  'replica cut off from etcd': (scene) => silence(anySeat(scene).members, undefined),
  'replica cut off from etcd, one way': (scene) =>
    silence(anySeat(scene).members, scene.random() < 0.5 ? 'toClient' : 'toServer'),
  'replica cut off from one member': (scene) => silence([pick(scene, anySeat(scene).members)], undefined),
  'replica cut off from the apiserver': (scene) => silence([anySeat(scene).apiserver], undefined),
  'connections to etcd reset': (scene) => {
    for (const proxy of anySeat(scene).members) {
      proxy.cut();
    }
    return () => undefined;
  },
  'connections to etcd cut after some bytes': (scene) => {
    for (const proxy of anySeat(scene).members) {
      proxy.cutAfter(Math.floor(scene.random() * 65_536));
    }
    return () => undefined;
  },
  'etcd slow': (scene) => {
    const seat = anySeat(scene);
    for (const proxy of seat.members) {
      proxy.delay(100 + scene.random() * 400);
    }
    return () => healAll(seat.members);
  },
  'etcd member killed': async (scene) => {
    const member = pick(scene, scene.world.registry.members);
    await member.kill();
    return () => member.start();
  },
  'etcd member paused': async (scene) => {
    const member = pick(scene, scene.world.registry.members);
    member.pause();
    return async () => {
      member.resume();
      await eventually(async () => {
        if (!(await member.isHealthy())) {
          throw new Error(`${member.name} is not whole`);
        }
      }, wholeWithin);
    };
  },
  'etcd compacted': async ({ world, registered }) => {
    // No further than our own reading, which the compaction would end.
    await inSpite(() => world.members[0]?.compact(registered.revision));
    return () => undefined;
  },
  'etcd defragmented': async (scene) => {
    await inSpite(() => scene.world.registry.etcdctl(['defrag', '--command-timeout=30s']));
    return () => undefined;
  },
  'etcd out of space': async (scene) => {
    const member = pick(scene, scene.world.members);
    await inSpite(() => member.setFull(true));
    return () => eventually(() => scene.world.registry.etcdctl(['alarm', 'disarm']).then(() => undefined));
  },
  'etcd restored, and written past what was seen': async ({ world, registered, random }) => {
    const snapshot = join(world.directory, `snapshot-${Math.floor(random() * 1e9)}.db`);
    await world.registry.saveSnapshot(snapshot);
    return async () => {
      const { revision } = registered;
      for (const { members } of world.seats) {
        for (const proxy of members) {
          proxy.refuse();
          proxy.cut();
        }
      }
      const restoredAt = Date.now();
      await world.registry.restoreFromSnapshot(snapshot);
      const [member] = world.members;
      await eventually(async () => {
        await member?.put('/elsewhere', 'v');
        if (((await member?.revision()) ?? 0) <= revision + 10) {
          throw new Error('not yet past what was seen');
        }
      }, wholeWithin);
      await registered.restored(restoredAt);
      for (const { members } of world.seats) {
        healAll(members);
      }
    };
  },
  'apiserver killed': async ({ world }) => {
    await world.plane.killApiserver();
    return () => world.plane.reviveApiserver();
  },
  'apiserver refuses': ({ world }) => disturb(world, 'refuse'),
  'apiserver breaks off its answers': ({ world }) => disturb(world, 'break-off'),
  'apiserver hangs': ({ world }) => disturb(world, 'hang'),
  'apiserver has another CA': async ({ world }) => {
    await world.front.changeCa();
    return () => undefined;
  },
  'apiserver takes another token': async ({ world }) => {
    await world.front.changeToken();
    return () => undefined;
  },
};

/** What cannot be had while something else lasts: these wait until all else is over, and nothing else begins meanwhile. */
export const alone: ReadonlySet<string> = new Set(['etcd restored, and written past what was seen']);

/** Half of what befalls a replica befalls the leader, since nothing else can make two of them. */
function anySeat({ world, random }: TroubledScene): Seat {
  const leader = world.seats.find(({ replica }) => leads(replica));
  const any = world.seats[Math.floor(random() * world.seats.length)] as Seat;
  return random() < 0.5 ? (leader ?? any) : any;
}

function pick<One>({ random }: TroubledScene, all: readonly One[]): One {
  return all[Math.floor(random() * all.length)] as One;
}

function silence(proxies: Seat['members'], direction: 'toClient' | 'toServer' | undefined): End {
  for (const proxy of proxies) {
    proxy.blackhole(direction);
  }
  return () => healAll(proxies);
}

function healAll(proxies: Seat['members']): void {
  for (const proxy of proxies) {
    proxy.heal();
  }
}

function disturb({ front }: World, mischief: Mischief): End {
  front.disturb(mischief);
  return () => {
    front.disturb(undefined);
    // What hangs would do so until its deadline.
    front.breakConnections();
  };
}

/** What another trouble may keep from happening, which is no failure of the run. */
async function inSpite(work: () => Promise<unknown> | undefined): Promise<void> {
  await Promise.race([work()?.catch(() => undefined), pause(30_000)]);
}
