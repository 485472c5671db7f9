/** 1000 EtcdServices of 10 instances each, published as EndpointSlices of Services that somebody else made. */
import { setTimeout as pause } from 'node:timers/promises';
import { inParallel } from '../../test/kit/in-parallel.ts';
import { type Ground, openGround, sumOf } from '../ground.ts';
import { createEtcdServices, createServices, range, register, type Size } from '../load.ts';
import {
  address,
  callsNamespace,
  collection,
  keyOfInstance,
  prefix,
  rawNamespace,
  serviceName,
} from '../objects.ts';
import type { RawCalled } from '../raw/calls.ts';
import type { RawChain } from '../raw/chain.ts';
import { type RawResult, runRaw, startRaw } from '../raw/program.ts';
import { megabytes, milliseconds, perSecond, quantile, type Row } from '../report.ts';
import { latencies, SlicesSeen } from '../slices-seen.ts';
import { Subject, type Usage } from '../subject.ts';
import { openIn, type Run, type World } from '../world.ts';
import { cpuOf, cpuRow, leastRatio, ofServers } from './cpu.ts';
import { rawLists } from './raw-lists.ts';
import { rawCalls, rawCreate, rawReplace } from './raw-writes.ts';

/** As many as the controller works on at once by default. */
const workers = 8;
const slicesOnly = ['--publish=EndpointSlice'];
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

    let subject = await cold(scene);
    run.cleanup.defer(() => subject.stop());
    if (run.wants('memory')) {
      await memory(scene, subject);
    }
    if (run.wants('latency')) {
      await latency(scene);
    }
    if (run.wants('burst')) {
      await burst(scene, subject);
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

interface Scene {
  readonly run: Run;
  readonly ground: Ground;
  readonly size: Size;
  readonly seen: SlicesSeen;
}

/** What the row is called after its first words, at any scale. */
function sizeOf({ size: { services, instances } }: Scene): string {
  return `${services} × ${instances}`;
}

async function cold(scene: Scene): Promise<Subject> {
  const { run, ground, size, seen } = scene;
  const [raw, rawServers] = await ofServers(ground, () =>
    rawCreate(ground, size, workers, ['endpointslices']),
  );
  const [calls, callsServers] = await calling(scene);
  run.say('cold sync');
  const [{ subject, ms, controller }, servers] = await ofServers(ground, async () => {
    const all = seen.until((slices) => slices.size === size.services);
    const toWallClock = Date.now() - performance.now();
    const started = await Subject.start(ground, { args: slicesOnly });
    const startedAt = await started.saidAt('Started');
    const before = await started.usage();
    const took = (await all) + toWallClock - startedAt;
    const { cpuMs } = await started.usage();
    return { subject: started, ms: took, controller: cpuMs - before.cpuMs };
  });
  await subject.untilSettled(size.services * size.instances);
  const ratio = raw.output.ms / ms;
  run.tell({
    id: 'cold',
    what: `cold sync of ${sizeOf(scene)}, EndpointSlice only, from “listed” to the last slice seen`,
    ours: `${perSecond(size.services, ms)}, ${milliseconds(ms)}`,
    raw: `${perSecond(size.services, raw.output.ms)} created`,
    ratio,
    goal: '≥ 0.7 of the raw rate',
    holds: ratio >= 0.7,
  });
  const [ours, least] = [
    { program: controller, servers },
    { program: raw.cpuMs, servers: rawServers },
  ];
  run.tell({
    id: 'cold',
    ...cpuRow(ours, least, ', the servers’ from the start of the process'),
    ratio: 1 / leastRatio(ours, least),
  });
  run.tell({
    id: 'cold',
    what: 'a program in place of the controller that lists the keys of each, creates its slice and watches the slices, and does nothing else; its part of the raw rate',
    ours: `${perSecond(size.services, calls.output.ms)}; ${cpuOf({ program: calls.cpuMs, servers: callsServers }, 'program')}`,
    raw: `${perSecond(size.services, raw.output.ms)} created`,
    ratio: raw.output.ms / calls.output.ms,
    goal: 'printed',
  });
  return subject;
}

/** The calls of a cold sync alone, while somebody else watches the slices, as with ours. */
async function calling({ ground, size }: Scene): Promise<readonly [RawResult<RawCalled>, number]> {
  const seen = await SlicesSeen.watch(ground.api, callsNamespace);
  try {
    return await ofServers(ground, () => rawCalls(ground, size, workers));
  } finally {
    seen.end();
  }
}

async function memory(scene: Scene, subject: Subject): Promise<void> {
  const { run, ground } = scene;
  const module = new URL('../../src/controller/run.ts', import.meta.url).href;
  const { output } = await runRaw<object, { residentBytes: number }>(
    new URL('../raw/empty.ts', import.meta.url),
    { module },
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

/** Ours and the raw chain, each with changes one after the other in Services all over the place. */
async function latency(scene: Scene): Promise<void> {
  const { run, ground, size, seen } = scene;
  const count = run.scaled(500, 100);
  run.say(`${count} changes, one after the other`);
  await changes(scene, seen, 50, 0, prefix);
  const ours = await changes(scene, seen, count, 50, prefix);

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
    await changes(scene, rawSeen, 50, 10_000, rawPrefix);
    const raw = await changes(scene, rawSeen, count, 10_050, rawPrefix);
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
    const key = keyOfInstance(service, 0).replace(prefix, below);
    return { address: ip, acknowledged: ground.etcd.put(key, `${ip}:80`) };
  });
}

async function burst(scene: Scene, subject: Subject): Promise<void> {
  const { run, ground, size, seen } = scene;
  run.say('one change in each Service at once');
  const [raw, rawServers] = await ofServers(ground, () => rawReplace(ground, size, workers));
  const ips = range(0, size.services).map((index) => address('changed', 20_000 + index));
  const before = await subject.usage();
  const [ms, servers] = await ofServers(ground, async () => {
    const all = Promise.all(ips.map((ip) => seen.address(ip)));
    const started = performance.now();
    await inParallel(batchesOf(ips, 100), 8, (batch) => ground.etcd.commit(batch));
    return Math.max(...(await all)) - started;
  });
  const { cpuMs } = await subject.usage();
  const ratio = ms / raw.output.ms;
  run.tell({
    id: 'burst',
    what: `one change in each of ${size.services} Services at once, to the last one seen`,
    ours: milliseconds(ms),
    raw: `${milliseconds(raw.output.ms)} for as many PUTs`,
    ratio,
    goal: '≤ 1.3 × the raw PUTs',
    holds: ratio <= 1.3,
  });
  const ours = { program: cpuMs - before.cpuMs, servers };
  const least = { program: raw.cpuMs, servers: rawServers };
  run.tell({ id: 'burst', ...cpuRow(ours, least), ratio: leastRatio(ours, least) });
}

/** Instance 1 of each service gets the address of its index. */
function batchesOf(ips: readonly string[], count: number): readonly ReadonlyMap<string, string>[] {
  return range(0, Math.ceil(ips.length / count)).map((batch) => {
    const slice = ips.slice(batch * count, (batch + 1) * count);
    return new Map(
      slice.map((ip, index) => [keyOfInstance(serviceName(batch * count + index), 1), `${ip}:80`]),
    );
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
