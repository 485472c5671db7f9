/** A cold sync, and what limits it. */
import { register } from '../load.ts';
import { Mirror } from '../mirror.ts';
import { collection, mirrorNamespace, mirrorPrefix } from '../objects.ts';
import type { RawResult } from '../raw/program.ts';
import type { RawWritten } from '../raw/writes.ts';
import { milliseconds, perSecond } from '../report.ts';
import { SlicesSeen } from '../slices-seen.ts';
import { Subject } from '../subject.ts';
import { openIn } from '../world.ts';
import { cpuOf, cpuRow, leastRatio, type Measured, ofServers, type Spent, spentOn } from './cpu.ts';
import { rawCreate } from './raw-writes.ts';
import { sameWrites } from './same-writes.ts';
import { leastController, type Scene, sizeOf, slicesOnly, workers } from './scene.ts';

/** A controller that has all published, the least of all controllers, which has, too, and how long it took to create as much. */
export interface ColdSynced {
  readonly subject: Subject;
  readonly mirror: Mirror;
  readonly rawMs: number;
}

export async function cold(scene: Scene): Promise<ColdSynced> {
  const { run, ground, size } = scene;
  const raw = await ofServers(ground, () => rawCreate(ground, size, workers, ['endpointslices']));
  const [mirror, least] = await mirrorSync(scene);
  const compare = await sameWrites(ground, ['endpointslices']);
  run.say('cold sync');
  const [subject, spent] = await subjectSync(scene, slicesOnly);
  await compare();
  await subject.untilSettled(size.services * size.instances);
  tellCold(scene, spent, raw, {
    id: 'cold',
    what: ', EndpointSlice only, from “listed” to the last slice seen',
    created: 'created',
    goal: 0.7,
  });
  const rawMs = raw[0].output.ms;
  run.tell({
    id: 'cold',
    what: `${leastController}; its part of the raw rate`,
    ours: `${perSecond(size.services, least.ms)}; ${cpuOf(least.cpu, 'program')}`,
    raw: `${perSecond(size.services, rawMs)} created`,
    ratio: rawMs / least.ms,
    goal: 'printed',
  });
  return { subject, mirror, rawMs };
}

/** The same work by the least of all controllers. */
async function mirrorSync({ run, ground, size }: Scene): Promise<readonly [Mirror, Spent]> {
  await register(ground, size, mirrorPrefix);
  const seen = await SlicesSeen.watch(ground.api, mirrorNamespace);
  try {
    return await coldSync({ ground, size, seen }, async () => {
      const mirror = await openIn(run, Mirror.start(ground, size, workers));
      return [mirror, mirror.startedAt];
    });
  } finally {
    seen.end();
  }
}

/** Starts a controller with these flags. */
export function subjectSync(scene: Scene, args: readonly string[]): Promise<readonly [Subject, Spent]> {
  return coldSync(scene, async () => {
    const subject = await openIn(scene.run, Subject.start(scene.ground, { args }));
    return [subject, await subject.saidAt('Started')];
  });
}

/** Tells which part of the rate of the raw program it has reached, and where the CPU time has gone. */
export function tellCold(
  scene: Scene,
  { ms, cpu }: Spent,
  [raw, rawServers]: readonly [RawResult<RawWritten>, number],
  row: { readonly id: string; readonly what: string; readonly created: string; readonly goal: number },
): void {
  const { run, size } = scene;
  const { id, goal } = row;
  const ratio = raw.output.ms / ms;
  run.tell({
    id,
    what: `cold sync of ${sizeOf(scene)}${row.what}`,
    ours: `${perSecond(size.services, ms)}, ${milliseconds(ms)}`,
    raw: `${perSecond(size.services, raw.output.ms)} ${row.created}`,
    ratio,
    goal: `≥ ${goal} of the raw rate`,
    holds: ratio >= goal,
  });
  const least = { program: raw.cpuMs, servers: rawServers };
  run.tell({
    id,
    ...cpuRow(cpu, least, ', the servers’ from the start of the process'),
    ratio: 1 / leastRatio(cpu, least),
  });
}

/**
 * Starts a program, which is told with the wall-clock milliseconds at which it had listed. Returns it when slices of all Services have been seen, with how long that
 * took from then on, and in CPU time; that of the servers counts from the start of the process.
 */
async function coldSync<Program extends Measured>(
  { ground, seen, size }: Pick<Scene, 'ground' | 'seen' | 'size'>,
  start: () => Promise<readonly [Program, number]>,
): Promise<readonly [Program, Spent]> {
  const [[program, ms, programMs], servers] = await ofServers(ground, async () => {
    const all = seen.until((slices) => slices.size === size.services);
    const toWallClock = Date.now() - performance.now();
    const [started, startedAt] = await start();
    const before = await started.usage();
    const took = (await all) + toWallClock - startedAt;
    const { cpuMs } = await started.usage();
    return [started, took, cpuMs - before.cpuMs] as const;
  });
  return [program, { ms, cpu: { program: programMs, servers } }];
}

/** The writes of a cold sync by a process that has done all of it before: its slices are deleted while it sleeps. */
export async function again(
  { run, ground, size, seen }: Scene,
  { subject, rawMs }: ColdSynced,
): Promise<void> {
  await subject.untilSettled(size.services * size.instances);
  run.say('writing all slices again');
  subject.sleep();
  // Asleep it could not be stopped either.
  run.cleanup.defer(() => subject.wake());
  await ground.api.send('DELETE', collection('endpointslices'));
  await seen.until((slices) => slices.size === 0);
  const { ms, cpu } = await spentOn(ground, subject, async () => {
    const all = seen.until((slices) => slices.size === size.services);
    const woken = performance.now();
    subject.wake();
    return (await all) - woken;
  });
  await subject.untilSettled(size.services * size.instances);
  run.tell({
    id: 'cold',
    what: 'the same slices written once more by the same process, from what it remembers: somebody has deleted all of them while it slept',
    ours: `${perSecond(size.services, ms)}; ${cpuOf(cpu, 'controller')}`,
    raw: `${perSecond(size.services, rawMs)} created`,
    ratio: rawMs / ms,
    goal: 'printed',
  });
}
