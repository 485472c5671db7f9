import { readdir, readlink } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { startControllerManager } from '../../dev/control-plane/controller-manager.ts';
import { servers } from '../kit/control-plane.ts';
import type { ControllerProcess } from '../kit/controller-process.ts';
import { installCrds } from '../kit/crd.ts';
import { eventually } from '../kit/eventually.ts';
import { measured } from '../kit/measured.ts';
import { startOwnPlane } from '../kit/own-plane.ts';
import { Replicas, replicaOptions } from '../kit/replicas.ts';
import { proxyFor, rawEtcd } from '../kit/rig.ts';
import { Workload } from './workload.ts';

/** Set by `npm run faults -- soak`. */
const minutes = Number(process.env['FAULTS_MINUTES'] ?? '0.5');
const long = minutes >= 10;
const services = long ? 100 : 20;
const reconnectEveryMs = 5_000;
/** A short soak looks more often: the middle of two looks would be one of them. */
const looksEach = long ? 1 : 5;

const collecting = new URL('collect-garbage.mjs', import.meta.url).pathname;

/** What a process holds at one moment. */
interface Holding {
  /** Monotonic milliseconds. */
  readonly at: number;
  readonly heapMiB: number;
  readonly files: number;
  readonly sockets: number;
  readonly timers: number;
}

it(
  'fault 24: steady churn with a reconnect every 5 s leaves memory, sockets, timers and files as they are, and nothing behind',
  async () => {
    const { plane, scene, stop } = await startOwnPlane();
    onTestFinished(stop);
    await installCrds(plane.credentials);
    const { binaries } = servers();
    if (binaries.kubeControllerManager !== undefined) {
      const manager = await startControllerManager(binaries, plane.credentials, ['garbagecollector']);
      onTestFinished(() => manager.stop());
    }
    const proxy = await proxyFor(scene.registry.endpoints[0] ?? '');
    const options = replicaOptions(
      scene.namespace,
      [`http://${proxy.address}`],
      plane.credentials.kubeconfigPath,
    );
    const env = { NODE_OPTIONS: `--import=${collecting}` };
    const replicas = new Replicas(scene, { ...options, env });
    onTestFinished(() => replicas.stop());
    const workload = new Workload({
      endpoints: scene.registry.endpoints,
      services,
      keys: 100,
      changesPerSecond: 50,
      seed: 1,
    });
    onTestFinished(() => workload.close());
    await workload.fill();
    await Promise.all(workload.services.map((name) => scene.define(name)));
    const replica = await replicas.start();
    await replicas.leader();
    await eventually(() => scene.untilReady(workload.services.at(-1) ?? ''), { timeoutMs: 180_000 });

    workload.start();
    const held: Holding[] = [];
    const endsAt = performance.now() + minutes * 60_000;
    let reconnects = 0;
    while (performance.now() < endsAt) {
      for (let look = 0; look < looksEach; look += 1) {
        await pause(reconnectEveryMs / looksEach);
        held.push(await holdingOf(replica));
      }
      proxy.cut();
      reconnects += 1;
    }
    await workload.pause();

    measured('changes made', workload.changes);
    measured('reconnects', reconnects);
    measureGrowth(held);

    await workload.clear();
    await Promise.all(workload.services.map((name) => scene.objects.delete('etcdservices', name)));
    if (binaries.kubeControllerManager !== undefined) {
      await eventually(async () => {
        for (const plural of ['etcdservices', 'services', 'endpoints', 'endpointslices']) {
          expect(await scene.objects.list(plural), plural).toEqual([]);
        }
      });
    }
    expect(await replica.stop()).toMatchObject({ code: 0 });
    const etcd = rawEtcd(scene.registry.endpoints[0]?.replace('http://', '') ?? '');
    const left = await etcd.content();
    const leases = await scene.registry.etcdctl(['lease', 'list']);
    measured('keys left in etcd', left.size, { most: 0 });
    expect(leases).toBe('found 0 leases\n');
  },
  (minutes + 5) * 60_000,
);

async function holdingOf(replica: ControllerProcess): Promise<Holding> {
  const folder = `/proc/${replica.pid}/fd`;
  const files = await readdir(folder);
  const targets = await Promise.all(files.map((file) => readlink(`${folder}/${file}`).catch(() => '')));
  return {
    at: performance.now(),
    heapMiB: (await replica.metric('nodejs_heap_size_used_bytes')) / 2 ** 20,
    files: files.length,
    sockets: targets.filter((target) => target.startsWith('socket:')).length,
    timers: await replica.metric('nodejs_active_resources', { type: 'Timeout' }),
  };
}

/** The last third of the time against the second, by the middle of each: the first is for warming up. */
function measureGrowth(held: readonly Holding[]): void {
  const third = Math.floor(held.length / 3);
  const [before, after] = [held.slice(third, 2 * third), held.slice(2 * third)];
  for (const what of ['files', 'sockets', 'timers'] as const) {
    measured(`${what} at the end`, middle(after, what));
    measured(`${what}, growth`, middle(after, what) - middle(before, what), { most: long ? 2 : 10 });
  }
  const heap = middle(after, 'heapMiB');
  const hours = (middle(after, 'at') - middle(before, 'at')) / 3_600_000;
  measured('heap at the end', heap, { unit: 'MiB' });
  // A short run says nothing of a slope.
  if (long) {
    const growth = (heap - middle(before, 'heapMiB')) / hours;
    measured('heap, growth in an hour', growth, { unit: 'MiB', most: 10 });
  }
}

/** The median. */
function middle(held: readonly Holding[], what: keyof Holding): number {
  const sorted = held.map((one) => one[what]).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
