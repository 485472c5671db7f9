/** 1000 EtcdServices of 10 instances each, published as EndpointSlices of Services that somebody else made. */
import { setTimeout as pause } from 'node:timers/promises';
import { compiled } from '../compiled.ts';
import { type Ground, openGround, sumOf } from '../ground.ts';
import { createEtcdServices, createServices, range, register } from '../load.ts';
import { address, collection, keyOfInstance, prefix, rawNamespace, serviceName } from '../objects.ts';
import type { RawChain } from '../raw/chain.ts';
import { runRaw, startRaw } from '../raw/program.ts';
import { megabytes, milliseconds, quantile, type Row } from '../report.ts';
import { latencies, SlicesSeen } from '../slices-seen.ts';
import { Subject, type Usage } from '../subject.ts';
import { openIn, type World } from '../world.ts';
import { burst } from './burst.ts';
import { again, cold } from './cold.ts';
import { rawLists } from './raw-lists.ts';
import { type Scene, sizeOf, slicesOnly } from './scene.ts';

const megabyte = 1024 ** 2;

export const loaded: World = {
  name: '1000 EtcdServices × 10, slices',
  ids: ['cold', 'memory', 'latency', 'burst', 'idle', 'restart', 'etcd'],
  async measure(run) {
    const size = { services: run.scaled(1000, 10), instances: 10 };
    const ground = await openIn(run, openGround(run));
    run.say('making Services, EtcdServices and registrations');
    await createServices(ground, range(0, size.services));
    await createEtcdServices(ground, range(0, size.services));
    await register(ground, size);
    const seen = await SlicesSeen.watch(ground.api);
    run.cleanup.defer(() => seen.end());
    const scene = { run, ground, size, seen };

    const first = await cold(scene);
    let { subject } = first;
    run.cleanup.defer(() => subject.stop());
    if (run.wants('memory')) {
      await memory(scene, subject);
    }
    if (run.wants('latency')) {
      await latency(scene);
    }
    if (run.wants('burst')) {
      await burst(scene, subject, first.mirror);
    }
    first.mirror.stop();
    if (run.wants('cold')) {
      await again(scene, first);
    }
    if (run.wants('idle') || run.wants('etcd')) {
      await idle(scene, subject);
    }
    if (run.wants('restart') || run.wants('etcd')) {
      await subject.stop();
      subject = await restart(scene);
    }
  },
};

async function memory(scene: Scene, subject: Subject): Promise<void> {
  const { run, ground } = scene;
  const { output } = await runRaw<object, { residentBytes: number }>(
    new URL('../raw/empty.mjs', import.meta.url),
    { compiled: compiled.href },
    ground.environment,
  );
  const { residentBytes, cpuMs } = await subject.usage();
  const more = residentBytes - output.residentBytes;
  run.tell({
    id: 'memory',
    what: `memory at ${sizeOf(scene)} (${milliseconds(cpuMs)} of CPU time up to there)`,
    ours: megabytes(residentBytes),
    raw: `${megabytes(output.residentBytes)} with its libraries alone`,
    goal: '≤ the libraries + 60 MB',
    holds: more <= 60 * megabyte,
  });
}

/** How often ours and the raw chain take turns: what else the machine does comes to both then. */
const rounds = 5;

/** Ours and the raw chain in turns, each with changes one after the other in Services all over the place. */
async function latency(scene: Scene): Promise<void> {
  const { run, ground, size, seen } = scene;
  const count = run.scaled(100, 20);
  run.say(`${rounds * count} changes, one after the other`);
  const rawPrefix = '/raw/';
  const rawSeen = await SlicesSeen.watch(ground.api, rawNamespace);
  const chain = startRaw<RawChain, never>(new URL('../raw/chain.ts', import.meta.url), {
    access: ground.access,
    etcd: ground.etcdAddress,
    prefix: rawPrefix,
    namespace: rawNamespace,
    instances: size.instances,
  });
  try {
    await Promise.race([untilFollowed(ground, rawSeen), chain.result]);
    await changes(scene, seen, 50, 0, prefix);
    await changes(scene, rawSeen, 50, 10_000, rawPrefix);
    const [ours, raw]: [number[], number[]] = [[], []];
    for (let from = 50; from < 50 + rounds * count; from += count) {
      ours.push(...(await changes(scene, seen, count, from, prefix)));
      raw.push(...(await changes(scene, rawSeen, count, 10_000 + from, rawPrefix)));
    }
    for (const [name, part] of [
      ['p50', 0.5],
      ['p99', 0.99],
    ] as const) {
      const ratio = quantile(ours, part) / quantile(raw, part);
      run.tell({
        id: 'latency',
        what: `one change, ${sizeOf(scene)} loaded, put acknowledged → a slice watcher sees it, ${name}`,
        ours: milliseconds(quantile(ours, part)),
        raw: `${milliseconds(quantile(raw, part))} in the raw chain`,
        ratio,
        goal: '≤ 1.5 × the raw chain',
        holds: ratio <= 1.5,
      });
    }
  } finally {
    chain.stop();
    rawSeen.end();
  }
}

/** The chain follows etcd from some moment on: a key is changed until one of its changes arrives. */
async function untilFollowed({ etcd }: Ground, seen: SlicesSeen): Promise<void> {
  const probe = address('changed', 131_000);
  const followed = seen.address(probe).then(() => true);
  while (!(await Promise.race([followed, pause(200, false)]))) {
    await etcd.put(`/raw/${serviceName(0)}/i-0000`, `${probe}:80`);
  }
}

function changes(
  { ground, size }: Scene,
  seen: SlicesSeen,
  count: number,
  from: number,
  below: string,
): Promise<readonly number[]> {
  return latencies(seen, count, (index) => {
    const ip = address('changed', from + index);
    // Far from its neighbours, and not the same one again within the time that it rests.
    const service = serviceName(((from + index) * 37) % size.services);
    const key = keyOfInstance(service, 0, below);
    return { address: ip, acknowledged: ground.etcd.put(key, `${ip}:80`) };
  });
}

async function idle(scene: Scene, subject: Subject): Promise<void> {
  const { run, ground, size } = scene;
  await subject.untilSettled(size.services * size.instances);
  // Counters of statuses follow changes by up to ten seconds.
  await pause(12_000);
  const ms = run.scaled(60_000, 10_000);
  run.say(`idle for ${milliseconds(ms)}`);
  const before = await looks(ground, subject);
  await pause(ms);
  const after = await looks(ground, subject);
  const writes = after.versions.difference(before.versions).size;
  const percent = ((after.cpuMs - before.cpuMs) / ms) * 100;
  run.tell({
    id: 'idle',
    what: `idle for ${milliseconds(ms)} at ${sizeOf(scene)}`,
    ours: `${writes} writes, ${percent.toFixed(2)} % of one core, ${megabytes(after.residentBytes)} in memory`,
    raw: '',
    goal: '0 writes, ≤ 1 % of one core',
    holds: writes === 0 && percent <= 1,
  });
  run.tell(etcdRow(`an hour idle at ${sizeOf(scene)}`, before.etcd, after.etcd, 3_600_000 / ms));
}

async function looks(
  ground: Ground,
  subject: Subject,
): Promise<Usage & { versions: ReadonlySet<string>; etcd: string }> {
  const [versions, usage, etcd] = await Promise.all([
    ground.versions(),
    subject.usage(),
    ground.registryMetrics(),
  ]);
  return { versions, ...usage, etcd };
}

async function restart(scene: Scene): Promise<Subject> {
  const { run, ground, size } = scene;
  run.say('restart');
  const raw = await rawLists(ground, {
    [collection('etcdservices')]: '',
    [collection('services')]: '',
    [collection('endpoints')]: 'etcd-endpoints.io/etcdservice',
    [collection('endpointslices')]: 'etcd-endpoints.io/etcdservice',
  });
  const [before, etcd] = await Promise.all([ground.versions(), ground.registryMetrics()]);
  const subject = await Subject.start(ground, { args: slicesOnly });
  const startingAt = await subject.saidAt('Starting');
  const readyMs = (await subject.saidAt('Started')) - startingAt;
  const settledMs = (await subject.untilSettled(size.services * size.instances)) - startingAt;
  const written = (await ground.versions()).difference(before).size;
  const ratio = readyMs / raw.output.ms;
  run.tell({
    id: 'restart',
    what: `restart without drift, ${sizeOf(scene)}, from the first list sent to ready; the process takes ${milliseconds(startingAt - subject.startedAt)} to start, and all is compared after ${milliseconds(settledMs)}`,
    ours: `${written} writes, ${milliseconds(readyMs)}`,
    raw: `${milliseconds(raw.output.ms)} for the lists of ${raw.output.objects} objects and ${raw.output.keys} keys`,
    ratio,
    goal: '0 writes, ≤ 2 × the raw lists',
    holds: written === 0 && ratio <= 2,
  });
  run.tell(etcdRow(`a start at ${sizeOf(scene)}`, etcd, await ground.registryMetrics(), 1));
  return subject;
}

/** What the registry has done between two looks at its metrics, times so many, and what it holds open. */
function etcdRow(when: string, before: string, after: string, times: number): Row {
  const grown = (name: string, isWanted?: (labels: string) => boolean): number =>
    Math.round((sumOf(after, name, isWanted) - sumOf(before, name, isWanted)) * times);
  const lists = grown('grpc_server_handled_total', (labels) => labels.includes('grpc_method="Range"'));
  const streams = grown('grpc_server_started_total', (labels) => labels.includes('grpc_method="Watch"'));
  const bytes = grown('etcd_network_client_grpc_sent_bytes_total');
  const watchers = sumOf(after, 'etcd_debugging_mvcc_watcher_total');
  return {
    id: 'etcd',
    what: `what ${when} costs etcd, a replica`,
    ours: `${lists} ranges read, ${megabytes(bytes)} sent, ${streams} streams opened, ${watchers} watchers held`,
    raw: '',
    goal: 'printed',
  };
}
