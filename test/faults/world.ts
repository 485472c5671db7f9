import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type ControllerManager,
  startControllerManager,
} from '../../dev/control-plane/controller-manager.ts';
import { type ControlPlane, startControlPlane } from '../../dev/control-plane/plane.ts';
import { servers } from '../kit/control-plane.ts';
import type { ControllerProcess } from '../kit/controller-process.ts';
import { installCrds } from '../kit/crd.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { RawEtcd } from '../kit/raw-etcd.ts';
import { Registrar } from '../kit/registrar.ts';
import { Replicas, replicaOptions } from '../kit/replicas.ts';
import { Scene } from '../kit/scene.ts';
import { startTcpProxy, type TcpProxy } from '../kit/tcp-proxy.ts';
import { ApiserverFront } from './apiserver-front.ts';

/** The place of a replica, with ways of its own to each member of etcd and to the apiserver. */
export interface Seat {
  readonly name: string;
  readonly members: readonly TcpProxy[];
  readonly apiserver: TcpProxy;
  readonly kubeconfig: string;
  replica: ControllerProcess;
}

/** Everything that can fail: three replicas, an etcd of three members, and a control plane of its own with a front. */
export interface World {
  readonly plane: ControlPlane;
  readonly registry: RegistryEtcd;
  readonly front: ApiserverFront;
  readonly objects: KubeObjects;
  readonly replicas: Replicas;
  readonly seats: readonly Seat[];
  /** For snapshots. */
  readonly directory: string;
  /** To each member of etcd, past every proxy. */
  readonly members: readonly RawEtcd[];
  /** To the store behind the apiserver. */
  readonly store: RawEtcd;
  /** Starts a replica in a seat whose last one has ended. */
  seat(seat: Seat): Promise<void>;
}

/** The controllers of Kubernetes that have to do with our objects. */
const beside = ['endpoint', 'endpointslice', 'endpointslicemirroring', 'garbagecollector'] as const;
const preload = new URL('wall-clock.mjs', import.meta.url).pathname;
const callMs = 5_000;

/** Starts it all but the replicas, whose leases have that TTL in milliseconds. It ends with the test. */
export async function startWorld(random: () => number, ttlMs: number): Promise<World> {
  const [plane, registry] = await Promise.all([
    startControlPlane({
      binaries: servers().binaries,
      auditLog: true,
      // The checker reads the store itself, from its first revision on.
      apiServerFlags: { 'storage-media-type': 'application/json', 'etcd-compaction-interval': '0' },
    }),
    startEtcd({ members: 3 }),
  ]);
  onTestFinished(() => plane.stop());
  onTestFinished(() => registry.stop());
  const directory = await mkdtemp(join(tmpdir(), 'etcd-endpoints-world-'));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  await installCrds(plane.credentials);
  const objects = new KubeObjects(plane.credentials, `faults-${randomBytes(4).toString('hex')}`);
  await objects.call('POST', '/api/v1/namespaces', { metadata: { name: objects.namespace } });
  await startBeside(plane);
  const front = await ApiserverFront.start(plane.credentials, random);
  onTestFinished(() => front.close());
  const raw = (url: string): RawEtcd => {
    const etcd = new RawEtcd(new URL(url).host, undefined, callMs);
    onTestFinished(() => etcd.close());
    return etcd;
  };
  const controller = replicaOptions(
    objects.namespace,
    registry.endpoints,
    plane.credentials.kubeconfigPath,
    'etcd',
    ttlMs,
  );
  const scene = new Scene({ registry, registrar: new Registrar(registry), objects, controller });
  const env = { NODE_OPTIONS: `--import=${preload}` };
  const args = ['--guard-window-seconds=10', '--guard-hold-seconds=20'];
  const replicas = new Replicas(scene, { ...controller, args: [...(controller.args ?? []), ...args], env });
  onTestFinished(() => replicas.stop());
  const seats = await Promise.all(
    ['first', 'second', 'third'].map((name) => makeSeat(name, registry, front)),
  );
  return {
    plane,
    registry,
    front,
    objects,
    replicas,
    seats: seats as Seat[],
    directory,
    members: registry.endpoints.map(raw),
    store: raw(plane.storeUrl),
    seat: async (seat) => {
      seat.replica = await replicas.start({
        etcd: seat.members.map(({ address }) => `http://${address}`),
        kubeconfig: seat.kubeconfig,
      });
    },
  };
}

async function startBeside(plane: ControlPlane): Promise<void> {
  const { binaries } = servers();
  if (binaries.kubeControllerManager !== undefined) {
    const manager: ControllerManager = await startControllerManager(binaries, plane.credentials, beside);
    onTestFinished(() => manager.stop());
  }
}

async function makeSeat(
  name: string,
  registry: RegistryEtcd,
  front: ApiserverFront,
): Promise<Omit<Seat, 'replica'>> {
  const proxy = async (port: number): Promise<TcpProxy> => {
    const started = await startTcpProxy(port);
    onTestFinished(() => started.close());
    return started;
  };
  const members = await Promise.all(registry.endpoints.map((url) => proxy(Number(new URL(url).port))));
  const apiserver = await proxy(front.port);
  return { name, members, apiserver, kubeconfig: await front.kubeconfig(apiserver.port) };
}
