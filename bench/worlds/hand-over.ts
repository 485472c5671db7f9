/** How long nobody writes when the leader is stopped or killed, and how long a registration is away whose lease was lost. */
import { startControlPlane } from '../../dev/control-plane/plane.ts';
import { type RegistryEtcd, startRegistryEtcd } from '../../dev/control-plane/registry-etcd.ts';
import { systemClock } from '../../src/clock.ts';
import { bytesOf } from '../../src/etcd/bytes.ts';
import { EtcdClient } from '../../src/etcd/client/client.ts';
import { keyOf } from '../../src/etcd/key.ts';
import { Registrar as RegistrationKeeper } from '../../src/etcd/registrar/registrar.ts';
import type { AuditedWrite } from '../../test/kit/audit.ts';
import type { ControllerProcess } from '../../test/kit/controller-process.ts';
import { installCrds } from '../../test/kit/crd.ts';
import { eventually } from '../../test/kit/eventually.ts';
import { KubeObjects } from '../../test/kit/kube-objects.ts';
import { Registrar } from '../../test/kit/registrar.ts';
import { Replicas, replicaOptions, termsOf, ttlMs } from '../../test/kit/replicas.ts';
import { Churn } from '../../test/kit/replicas-churn.ts';
import { Scene } from '../../test/kit/scene.ts';
import { milliseconds } from '../report.ts';
import { openIn, type World } from '../world.ts';

const namespace = 'hand-over';

export const handOver: World = {
  name: 'Hand-over',
  ids: ['hand-over'],
  async measure(run) {
    const rounds = run.scaled(5);
    const plane = await openIn(run, startControlPlane({ binaries: run.binaries, auditLog: true }));
    const registry = await openIn(run, startRegistryEtcd({ binaries: run.binaries }));
    await installCrds(plane.credentials);
    const objects = new KubeObjects(plane.credentials, namespace);
    await objects.call('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
    const registrar = new Registrar(registry);
    const controller = replicaOptions(namespace, registry.endpoints, plane.credentials.kubeconfigPath);
    const scene = new Scene({ registry, registrar, objects, controller });
    const replicas = new Replicas(scene, controller);
    run.cleanup.defer(() => replicas.stop());
    const churn = await Churn.start(scene);
    run.cleanup.defer(() => churn.stop());
    await replicas.startMany(2);

    const hand = (end: (leader: ControllerProcess) => Promise<unknown>): Promise<readonly number[]> =>
      repeat(rounds, () => handOverOnce(replicas, plane.auditLog, end));
    const tell = (what: string, times: readonly number[], mostMs: number): void =>
      run.tell({
        id: 'hand-over',
        what: `${what}: least / middle / most of ${rounds}`,
        ours: summary(times),
        raw: '',
        goal: `≤ ${mostMs} ms`,
        holds: Math.max(...times) <= mostMs,
      });
    run.say('SIGTERM');
    tell(
      'hand-over on SIGTERM, to the next leader’s first write',
      await hand((leader) => leader.stop()),
      1000,
    );
    run.say('SIGKILL');
    tell(
      `hand-over on SIGKILL with a TTL of ${ttlMs / 1000} s`,
      await hand((leader) => leader.kill()),
      ttlMs + 2000,
    );
    tell('registration back after its lease was lost', await returns(registry, registrar, rounds), 1000);
  },
};

/** `190 / 214 / 300 ms`. */
function summary(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  return [sorted[0], middle, sorted.at(-1)].map((ms = 0) => milliseconds(ms)).join(' / ');
}

/** Time from the end of a leader to the next one's first write, as the apiserver answered it. Both are replaced for the next round. */
async function handOverOnce(
  replicas: Replicas,
  auditLog: string,
  end: (leader: ControllerProcess) => Promise<unknown>,
): Promise<number> {
  const leader = await replicas.leader();
  await firstWrite(replicas, leader, auditLog);
  const endedAt = Date.now();
  await end(leader);
  const next = await replicas.leader();
  const { answeredAt } = await firstWrite(replicas, next, auditLog);
  await replicas.start();
  return answeredAt - endedAt;
}

async function firstWrite(
  replicas: Replicas,
  leader: ControllerProcess,
  auditLog: string,
): Promise<AuditedWrite> {
  const term = termsOf(leader).at(-1)?.number;
  return await eventually(async () => {
    const writes = await replicas.writes(auditLog);
    const first = writes.find((write) => write.term === term && write.code < 300);
    if (first === undefined) {
      throw new Error(`Nothing was written in term ${term}`);
    }
    return first;
  });
}

/** Times from the revocation of a registration's lease to the registration under another. */
async function returns(
  registry: RegistryEtcd,
  registrar: Registrar,
  rounds: number,
): Promise<readonly number[]> {
  const key = 'bench/registration';
  const log = { debug() {}, info() {}, warn() {}, error() {} };
  const client = new EtcdClient({ hosts: registry.endpoints }, { clock: systemClock, log });
  let restored = Promise.withResolvers<number>();
  const observer = { registered: () => restored.resolve(performance.now()) };
  const keeper = new RegistrationKeeper(client, { ttlSeconds: 15 }, { clock: systemClock, log, observer });
  const times: number[] = [];
  try {
    await keeper.set(keyOf(key), bytesOf('10.0.0.1:80'));
    for (let round = 0; round < rounds; round += 1) {
      const lease = (await registrar.etcd.content(key)).get(key)?.lease ?? '0';
      restored = Promise.withResolvers<number>();
      const lostAt = performance.now();
      await registrar.etcd.revoke(lease);
      times.push((await restored.promise) - lostAt);
    }
  } finally {
    await keeper.close();
    await client.close();
  }
  return times;
}

async function repeat(rounds: number, measure: () => Promise<number>): Promise<readonly number[]> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    times.push(await measure());
  }
  return times;
}
