import { expect, it, onTestFinished } from 'vitest';
import { auditOf } from '../kit/audit.ts';
import { servers } from '../kit/control-plane.ts';
import { eventually } from '../kit/eventually.ts';
import { measured } from '../kit/measured.ts';
import { randomFrom } from '../kit/random.ts';
import { overlaps } from '../kit/replicas.ts';
import { keepEvidence } from './evidence.ts';
import { idleWrites, type Judgement, judgePublications, lateWrites } from './judgement.ts';
import { type Kind, Published } from './published.ts';
import { Registered } from './registered.ts';
import { Storm } from './storm.ts';
import { Workload } from './workload.ts';
import { startWorld, type World } from './world.ts';

/** Set by `npm run faults -- random`. */
const seed = Number(process.env['FAULTS_SEED'] ?? '1');
const minutes = Number(process.env['FAULTS_MINUTES'] ?? '0.7');
const long = minutes >= 2;
const size = long
  ? { services: 300, keys: 17, changesPerSecond: 100 }
  : { services: 20, keys: 10, changesPerSecond: 30 };

/** The default where there is time for it, and the least otherwise. */
const ttlMs = long ? 15_000 : 5_000;
/** Leases run out and others lead, watches are left, new tokens and CAs are read. */
const aftermathMs = 4 * ttlMs;

const againWith = `Again: npm run faults -- random --seed ${seed} --minutes ${minutes}`;
const guard = { windowSeconds: 10, holdSeconds: 20 };

it(
  `all faults at once: Kubernetes equals etcd in the end, and nothing that lives is ever removed (seed ${seed}, ${minutes} minutes)`,
  async () => {
    const world = await startWorld(randomFrom(seed), ttlMs);
    const workload = new Workload({ ...size, endpoints: world.registry.endpoints, seed });
    onTestFinished(() => workload.close());
    const registered = new Registered(world.members, workload);
    registered.start();
    onTestFinished(() => registered.stop());
    const published = new Published(world.store, world.objects.namespace);
    // It ends with its connection.
    const reading = published.run().catch(() => undefined);
    await begin(world, workload);
    await untilEqual(registered, published, workload);

    const storm = new Storm({ world, registered }, { seed, ttlMs, aftermathMs });
    const since = Date.now();
    workload.start();
    try {
      await storm.rage(minutes * 60_000);
      await workload.pause();
      await workload.mend();
      await registered.catchUp();
      const healedAt = performance.now();
      await untilEqual(registered, published, workload);
      measured('Kubernetes equals etcd, after the last fault, after', performance.now() - healedAt, {
        unit: 'ms',
        most: 90_000,
      });
      await untilTold(world);
      await published.catchUp();

      noteWork(workload, registered, storm);
      await noteLists(world);
      const { lives } = registered;
      const { publications, holds } = published;
      measured('holds', holds.length);
      const seen = { lives, publications, holds, troubles: storm.past, since, aftermathMs };
      for (const kind of kinds()) {
        note(kind, judgePublications(kind, seen));
      }
      await judgeWrites(world, published);
      measured('slices made by others for our Services', published.foreignSlices, { most: 0 });
    } catch (error) {
      const folder = await keepEvidence(world, registered, published, storm);
      console.log([againWith, `What was seen: ${folder}`, ...storm.history].join('\n'));
      throw error;
    } finally {
      published.stop();
    }
    await Promise.race([reading, world.members[0]?.put('/elsewhere', 'end')]);
  },
  (minutes + 30) * 60_000,
);

function kinds(): readonly Kind[] {
  return servers().served.discoveryV1 ? ['Endpoints', 'EndpointSlice'] : ['Endpoints'];
}

/** Registers everything, defines the EtcdServices, and seats the replicas. */
async function begin({ objects, seats, seat }: World, workload: Workload): Promise<void> {
  await workload.fill();
  for (const name of workload.services) {
    await objects.create('etcdservices', name, {
      apiVersion: 'etcd-endpoints.io/v1alpha1',
      kind: 'EtcdService',
      spec: { prefix: `/services/${name}`, ports: [{ port: 80 }], guard },
    });
  }
  await Promise.all(seats.map(seat));
}

/** Waits until all that should be published is, and nothing else. */
async function untilEqual(registered: Registered, published: Published, workload: Workload): Promise<void> {
  await eventually(
    () => {
      const wanted = registered.addresses();
      for (const service of workload.services) {
        for (const kind of kinds()) {
          const missing = (wanted.get(service) ?? new Set()).difference(published.addresses(kind, service));
          const surplus = published.addresses(kind, service).difference(wanted.get(service) ?? new Set());
          expect({ service, kind, missing: [...missing], surplus: [...surplus] }).toEqual({
            ...{ service, kind, missing: [], surplus: [] },
          });
        }
      }
    },
    // The first time everything has to be created, on whatever machine.
    { timeoutMs: 600_000, intervalMs: 100 },
  );
}

/** Waits until the status of every EtcdService says that all is well. */
async function untilTold({ objects }: World): Promise<void> {
  await eventually(
    async () => {
      const services = await objects.list('etcdservices');
      const ready = services.map(({ status }) =>
        status?.conditions?.find(({ type }: { type: string }) => type === 'Ready'),
      );
      expect(ready.filter((condition) => condition?.status !== 'True')).toEqual([]);
    },
    { timeoutMs: 90_000, intervalMs: 500 },
  );
}

function noteWork(workload: Workload, registered: Registered, storm: Storm): void {
  measured('changes made', workload.changes);
  measured('changes that etcd refused or did not answer', workload.failures);
  measured('events of etcd', registered.events);
  measured('faults injected', storm.past.length);
  measured('kinds of faults', new Set(storm.past.map(({ name }) => name)).size);
}

/** Those of etcd are known of the replicas that are there at the end, of their whole lives. */
async function noteLists({ front, seats }: World): Promise<void> {
  measured('lists of the apiserver, by all replicas', front.lists);
  const ofEtcd = seats.map(({ replica }) => replica.metric('etcd_endpoints_registry_lists_total'));
  const ranges = seats.map(({ replica }) => replica.metric('etcd_endpoints_registry_ranges'));
  measured('lists of ranges of etcd, by the last replicas', sum(await Promise.all(ofEtcd)));
  measured('ranges of etcd, of the last replicas', sum(await Promise.all(ranges)));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}

function note(kind: Kind, judgement: Judgement): void {
  const { latencies } = judgement;
  expect(judgement).toMatchObject({
    wrongRemovals: [],
    inventions: [],
    repeats: [],
    outOfOrder: [],
    lost: [],
  });
  measured(`${kind}: removals of what was registered`, judgement.wrongRemovals.length, { most: 0 });
  measured(`${kind}: additions of what was not`, judgement.inventions.length, { most: 0 });
  measured(`${kind}: events lost`, judgement.lost.length, { most: 0 });
  measured(`${kind}: events applied twice`, judgement.repeats.length, { most: 0 });
  measured(`${kind}: events out of order`, judgement.outOfOrder.length, { most: 0 });
  measured(`${kind}: changes outside faults`, latencies.length);
  if (latencies.length > 0) {
    measured(`${kind}: longest from change to published outside faults`, Math.max(...latencies), {
      unit: 'ms',
    });
  }
}

/** What every replica has asked of the apiserver, by its audit log. */
async function judgeWrites(world: World, published: Published): Promise<void> {
  const writes = await world.replicas.writes(world.plane.auditLog);
  const ours = writes.filter(({ resource }) => resource !== 'events');
  const done = ours.filter(({ code }) => code < 300);
  measured('writes', ours.length);
  measured('writes that took effect', done.length);
  measured('terms', new Set(done.map(({ term }) => term)).size);
  const late = lateWrites(ours);
  expect(late).toEqual([]);
  measured('writes of an ended term that changed something', late.length, { most: 0 });
  measured('writes answered out of the order of terms', overlaps(ours).length, { most: 0 });
  const idle = idleWrites(await everyWrite(world), published.revisions);
  expect(idle).toEqual([]);
  measured('writes that changed nothing', idle.length, { most: 0 });
}

async function everyWrite({ plane, replicas, objects }: World) {
  const all = await Promise.all(replicas.all.map((replica) => auditOf(replica, plane.auditLog)));
  return all
    .flat()
    .filter(({ namespace, resource }) => namespace === objects.namespace && resource !== 'events');
}
