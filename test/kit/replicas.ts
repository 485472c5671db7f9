import { onTestFinished, type TestContext } from 'vitest';
import { type AuditedWrite, auditOf } from './audit.ts';
import { servers } from './control-plane.ts';
import { type ControllerOptions, type ControllerProcess, startController } from './controller-process.ts';
import { installCrd } from './crd.ts';
import { startEtcd, type TestEtcdOptions } from './etcd-process.ts';
import { eventually } from './eventually.ts';
import { KubeObjects } from './kube-objects.ts';
import { createNamespace } from './namespace.ts';
import { Registrar } from './registrar.ts';
import { Scene } from './scene.ts';

/** The least that the controller takes, so that tests are short. */
export const ttlMs = 5_000;

/** How a test waits for the next leader after the worst that can happen to the last. */
export const succession = { intervalMs: 20 };

export interface ReplicasOptions {
  readonly etcd?: TestEtcdOptions;
  /** Where they elect; etcd unless told. */
  readonly elect?: 'etcd' | 'kubernetes';
  /** Of their leases, in milliseconds; {@link ttlMs} unless told. */
  readonly ttlMs?: number;
  /** More flags of every replica. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** What one replica is given besides what all have. */
export type ReplicaOptions = Partial<
  Pick<ControllerOptions, 'etcd' | 'kubeconfig' | 'replica' | 'args' | 'env'>
>;

/** A term as the log of its replica tells it; times in milliseconds since 1970. */
export interface LoggedTerm {
  readonly number: number;
  readonly beganAt: number;
  /** Undefined while it lasts, and where its replica was killed. */
  readonly endedAt: number | undefined;
}

/** Sets a scene without a controller in the shared control plane, in which replicas elect one of them. All of it ends with the test, which must be named where several run at once. */
export async function setReplicas(
  options: ReplicasOptions = {},
  test: Pick<TestContext, 'onTestFinished'> = { onTestFinished },
): Promise<Replicas> {
  await installCrd();
  const [registry, namespace] = await Promise.all([startEtcd(options.etcd), createNamespace('replicas')]);
  const { credentials } = servers();
  const controller = replicaOptions(
    namespace.name,
    registry.endpoints,
    credentials.kubeconfigPath,
    options.elect,
    options.ttlMs,
  );
  const scene = new Scene({
    registry,
    registrar: new Registrar(registry),
    objects: new KubeObjects(credentials, namespace.name),
    controller,
  });
  const replicas = new Replicas(scene, {
    ...controller,
    args: [...(controller.args ?? []), ...(options.args ?? [])],
    ...(options.env !== undefined && { env: options.env }),
  });
  test.onTestFinished(() => replicas.stop());
  return replicas;
}

/** How a replica is started that serves one namespace, and is elected under the default name for that namespace. */
export function replicaOptions(
  namespace: string,
  etcd: readonly string[],
  kubeconfig: string,
  elect: 'etcd' | 'kubernetes' = 'etcd',
  ttl = ttlMs,
): ControllerOptions {
  const args = [`--leader-elect=${elect}`, `--own-namespace=${namespace}`, `--lease-ttl=${ttl / 1000}s`];
  return { etcd, kubeconfig, namespaces: [namespace], args };
}

/** Several replicas of one controller, as processes, of which one leads. */
export class Replicas {
  readonly scene: Scene;
  /** In the order of their start, those that have ended too. */
  readonly all: ControllerProcess[] = [];
  readonly #options: ControllerOptions;

  constructor(scene: Scene, options: ControllerOptions) {
    this.scene = scene;
    this.#options = options;
  }

  /** Starts one more; resolves when it is ready. */
  async start({ args = [], ...own }: ReplicaOptions = {}): Promise<ControllerProcess> {
    const options = { ...this.#options, ...own, args: [...(this.#options.args ?? []), ...args] };
    const replica = await startController(options);
    this.all.push(replica);
    await replica.untilReady();
    return replica;
  }

  /** Starts several at once; resolves when all are ready. */
  async startMany(count: number): Promise<readonly ControllerProcess[]> {
    return await Promise.all(Array.from({ length: count }, () => this.start()));
  }

  /** Waits until one of them leads, `besides` left out: a killed or paused one cannot say that it does not lead any more. */
  async leader(...besides: readonly ControllerProcess[]): Promise<ControllerProcess> {
    return await eventually(() => {
      const leaders = this.all.filter((replica) => !besides.includes(replica) && leads(replica));
      const [leader] = leaders;
      if (leader === undefined || leaders.length > 1) {
        throw new Error(`${leaders.length} replicas lead`);
      }
      return leader;
    }, succession);
  }

  /** Those that run and do not lead. */
  get standbys(): readonly ControllerProcess[] {
    return this.all.filter((replica) => replica.running && !leads(replica));
  }

  /** What all of them have asked the apiserver to write, Events too, by the time of the answer. */
  async writes(auditLog?: string): Promise<readonly AuditedWrite[]> {
    const names = new Map(this.all.map((replica) => [replica.replica, replica]));
    const writes = await Promise.all([...names.values()].map((replica) => auditOf(replica, auditLog)));
    return writes.flat().toSorted((a, b) => a.answeredAt - b.answeredAt);
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((replica) => replica.kill()));
    await this.scene.stop();
  }
}

/** The terms that a replica has led, in their order. */
export function termsOf(replica: ControllerProcess): readonly LoggedTerm[] {
  const ends = new Map(
    replica.linesWith({ msg: 'the term has ended' }).map((line) => [line['term'], timeOf(line)]),
  );
  return replica.linesWith({ msg: 'Leading' }).map((line) => ({
    number: Number(line['term']),
    beganAt: timeOf(line),
    endedAt: ends.get(line['term']),
  }));
}

/** When a line was logged, in milliseconds since 1970. */
export function timeOf(line: { readonly [field: string]: unknown }): number {
  return Date.parse(String(line['time']));
}

/** Whether a replica runs and says that it leads. */
export function leads(replica: ControllerProcess): boolean {
  const last = termsOf(replica).at(-1);
  return replica.running && last !== undefined && last.endedAt === undefined;
}

/** Writes that changed something, in spite of a later term that had already changed something. */
export function overlaps(writes: readonly AuditedWrite[]): readonly AuditedWrite[] {
  const changing = writes.filter(({ term, code }) => term > 0 && code < 300);
  let newest = 0;
  return changing
    .toSorted((a, b) => a.answeredAt - b.answeredAt)
    .filter(({ term }) => {
      newest = Math.max(newest, term);
      return term < newest;
    });
}
