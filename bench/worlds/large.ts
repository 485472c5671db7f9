/** From 10 EtcdServices to 10 000, then with 100 instances each: a million registrations. */
import { type Ground, openGround } from '../ground.ts';
import { createEtcdServices, createServices, range, register, type Size } from '../load.ts';
import { address, callsNamespace, collection, keyOfInstance, namespace, serviceName } from '../objects.ts';
import type { RawCalled } from '../raw/calls.ts';
import { megabytes, milliseconds, quantile } from '../report.ts';
import { latencies, SlicesSeen } from '../slices-seen.ts';
import { Subject } from '../subject.ts';
import { openIn, type Run, type World } from '../world.ts';
import { rawLists } from './raw-lists.ts';
import { rawCalls } from './raw-writes.ts';
import { slicesOnly, workers } from './scene.ts';
import { delayOf, isPrompt } from './storm.ts';

/** Of replicas that elect one that writes. */
const elected = [...slicesOnly, '--leader-elect=etcd', `--own-namespace=${namespace}`];
const few = 10;
const many = 100;

export const large: World = {
  name: '10 000 EtcdServices × 100',
  ids: ['growth', 'million', 'loop'],
  async measure(run) {
    const ground = await openIn(run, openGround(run, { isLarge: true }));
    const seen = await SlicesSeen.watch(ground.api);
    run.cleanup.defer(() => seen.end());
    const scene = { run, ground, seen };
    const services = run.scaled(10_000, 100);
    let subject = await openIn(run, Subject.start(ground, { args: slicesOnly }));
    const steps = [services / 1000, services / 100, services / 10, services].map((step) =>
      Math.max(10, Math.round(step)),
    );
    const grown = await grow(scene, subject, [...new Set(steps)]);
    if (run.wants('growth')) {
      tellGrowth(run, grown);
    }
    if (!(run.wants('million') || run.wants('loop'))) {
      return;
    }
    await subject.stop();
    const size = { services, instances: many };
    run.say(`registering ${services * many} instances`);
    await register(ground, size);
    await ground.api.send('DELETE', collection('endpointslices'));
    await seen.until((slices) => slices.size === 0);
    subject = await openIn(run, cold(scene, size));
    if (run.wants('million')) {
      await standBy(scene, size);
      await subject.stop();
      await openIn(run, restart(scene, size, grown));
    }
  },
};

interface Scene {
  readonly run: Run;
  readonly ground: Ground;
  readonly seen: SlicesSeen;
}

/** What one change takes at a size. */
interface Grown {
  readonly services: number;
  readonly p50: number;
  readonly cpuMs: number;
}

async function grow(scene: Scene, subject: Subject, steps: readonly number[]): Promise<readonly Grown[]> {
  const { run, ground } = scene;
  const grown: Grown[] = [];
  for (const services of steps) {
    run.say(`${services} EtcdServices`);
    const indexes = range(grown.at(-1)?.services ?? 0, services);
    await createServices(ground, indexes, { headless: true });
    await register(ground, { services, instances: few });
    await createEtcdServices(ground, indexes);
    await subject.untilSettled(services * few);
    // What has hardly run yet takes longer, which is no growth.
    await changes(scene, services, grown.length === 0 ? run.scaled(2000, 100) : 50, 0);
    const count = run.scaled(300, 100);
    const before = await subject.usage();
    const times = await changes(scene, services, count, 1000);
    const { cpuMs } = await subject.usage();
    grown.push({ services, p50: quantile(times, 0.5), cpuMs: (cpuMs - before.cpuMs) / count });
  }
  return grown;
}

function tellGrowth(run: Run, grown: readonly Grown[]): void {
  const spread = (values: readonly number[]): number => Math.max(...values) / Math.min(...values);
  const ratio = Math.max(spread(grown.map(({ p50 }) => p50)), spread(grown.map(({ cpuMs }) => cpuMs)));
  const list = (values: readonly number[]): string => values.map((value) => value.toFixed(1)).join(', ');
  run.tell({
    id: 'growth',
    what: `growth: one change at ${grown.map(({ services }) => services).join(', ')} EtcdServices`,
    ours: `p50 ${list(grown.map(({ p50 }) => p50))} ms; CPU ${list(grown.map(({ cpuMs }) => cpuMs))} ms a change`,
    raw: '',
    ratio,
    goal: 'flat within 1.5 ×',
    holds: ratio <= 1.5,
  });
}

async function cold(scene: Scene, size: Size): Promise<Subject> {
  const { run, ground } = scene;
  run.say('cold sync');
  const subject = await Subject.start(ground, { args: elected, isLoopWatched: true });
  const startedAt = await subject.saidAt('Started');
  await subject.loopDelay();
  const ms = (await subject.untilSettled(size.services * size.instances, { isRare: true })) - startedAt;
  const delay = await subject.loopDelay();
  if (run.wants('loop')) {
    const raw = await calling(scene, size);
    run.tell({
      id: 'loop',
      what: `event loop delay during the cold sync of ${size.services} × ${size.instances}, over all of its ${milliseconds(ms)}`,
      ours: delayOf(delay),
      raw: `${delayOf(raw.delay)} over ${milliseconds(raw.ms)} in a program that makes the calls and keeps what they bring`,
      goal: 'p99 ≤ 50 ms, max ≤ 1 s',
      holds: isPrompt(delay),
    });
  }
  return subject;
}

/** The calls of such a cold sync, by a program that does nothing with what they bring but keep it. */
async function calling({ run, ground }: Scene, size: Size): Promise<RawCalled> {
  run.say('the calls of a cold sync alone');
  const { output } = await rawCalls(ground, size, workers);
  await ground.api.send('DELETE', collection('endpointslices', callsNamespace));
  return output;
}

/** A second replica knows all that the first knows, and compares nothing with what stands. */
async function standBy({ run, ground }: Scene, { services, instances }: Size): Promise<void> {
  run.say('lists');
  const raw = await rawLists(ground);
  const subject = await openIn(run, Subject.start(ground, { args: elected }));
  // A replica that finds another one in office takes up to two seconds before it goes on.
  const listingAt = await subject.untilListing();
  const ms = (await subject.untilListed(services * instances)) - listingAt;
  await subject.stop();
  const ratio = ms / raw.output.ms;
  run.tell({
    id: 'million',
    what: `${services} × ${instances}: list, decode, index by key, by a replica that stands by`,
    ours: milliseconds(ms),
    raw: `${milliseconds(raw.output.ms)} for the paged list`,
    ratio,
    goal: '≤ 2 × the raw paged list',
    holds: ratio <= 2,
  });
}

async function restart(scene: Scene, size: Size, grown: readonly Grown[]): Promise<Subject> {
  const { run, ground } = scene;
  const registrations = size.services * size.instances;
  run.say('lists');
  const raw = await rawLists(ground);
  const subject = await Subject.start(ground, { args: slicesOnly });
  const startedAt = await subject.saidAt('Started');
  const ms = (await subject.untilListed(registrations)) - startedAt;
  const settledMs = (await subject.untilSettled(registrations, { isRare: true })) - startedAt;
  const ratio = ms / raw.output.ms;
  const { residentBytes } = await subject.usage();
  const each = residentBytes / registrations;
  run.say('lists of registrations and slices');
  const kept = (await rawLists(ground, { [collection('endpointslices')]: '' })).output.residentBytes;
  run.tell({
    id: 'million',
    what: `${size.services} × ${size.instances}: the same by the one that leads, which compares what is listed with what stands meanwhile; all is compared after ${milliseconds(settledMs)}`,
    ours: milliseconds(ms),
    raw: `${milliseconds(raw.output.ms)} for the paged list`,
    ratio,
    goal: '≤ 2 × the raw paged list',
    holds: ratio <= 2,
  });
  run.tell({
    id: 'million',
    what: `${size.services} × ${size.instances}: resident memory, caches of ${size.services} slices included`,
    ours: `${megabytes(residentBytes)}, ${Math.round(each)} bytes a registration`,
    raw: `${megabytes(kept)} with both as the client libraries bring them`,
    ratio: residentBytes / kept,
    goal: '≤ 1 KiB a registration',
    holds: each <= 1024,
  });
  await changes(scene, size.services, 50, 5000);
  const p50 = quantile(await changes(scene, size.services, run.scaled(300, 100), 6000), 0.5);
  const atThousand = grown.find(({ services }) => services === size.services / 10)?.p50 ?? Number.NaN;
  run.tell({
    id: 'million',
    what: `${size.services} × ${size.instances}: one change, p50`,
    ours: milliseconds(p50),
    raw: `${milliseconds(atThousand)} at ${size.services / 10} × ${few}`,
    ratio: p50 / atThousand,
    goal: '≤ 2 × that',
    holds: p50 <= 2 * atThousand,
  });
  return subject;
}

function changes(
  { ground, seen }: Scene,
  services: number,
  count: number,
  from: number,
): Promise<readonly number[]> {
  return latencies(seen, count, (index) => {
    const ip = address('changed', services + from + index);
    const service = serviceName(((from + index) * 37) % services);
    return { address: ip, acknowledged: ground.etcd.put(keyOfInstance(service, 0), `${ip}:80`) };
  });
}
