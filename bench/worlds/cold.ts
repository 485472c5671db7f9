/** A cold sync, and what limits it. */
import { collection } from '../objects.ts';
import type { RawResult } from '../raw/program.ts';
import type { RawWritten } from '../raw/writes.ts';
import { milliseconds, perSecond } from '../report.ts';
import { Subject } from '../subject.ts';
import { openIn } from '../world.ts';
import { type Cpu, cpuOf, cpuRow, leastRatio, ofServers } from './cpu.ts';
import { rawCalls, rawCreate } from './raw-writes.ts';
import { sameWrites } from './same-writes.ts';
import { type Scene, sizeOf, slicesOnly, whileWatched, workers } from './scene.ts';

/** A controller that has all published, and how long it took to create as much. */
export interface ColdSynced {
  readonly subject: Subject;
  readonly rawMs: number;
}

export async function cold(scene: Scene): Promise<ColdSynced> {
  const { run, ground, size } = scene;
  const [raw, rawServers] = await ofServers(ground, () =>
    rawCreate(ground, size, workers, ['endpointslices']),
  );
  const [calls, callsServers] = await whileWatched(ground, () =>
    ofServers(ground, () => rawCalls(ground, size, { workers })),
  );
  const compare = await sameWrites(ground, ['endpointslices']);
  run.say('cold sync');
  const synced = await coldSync(scene, slicesOnly);
  await compare();
  await synced.subject.untilSettled(size.services * size.instances);
  tellCold(scene, synced, [raw, rawServers], {
    id: 'cold',
    what: ', EndpointSlice only, from “listed” to the last slice seen',
    created: 'created',
    goal: 0.7,
  });
  run.tell({
    id: 'cold',
    what: 'a program in place of the controller that lists the keys of each, creates its slice and watches the slices, and does nothing else; its part of the raw rate',
    ours: `${perSecond(size.services, calls.output.ms)}; ${cpuOf({ program: calls.cpuMs, servers: callsServers }, 'program')}`,
    raw: `${perSecond(size.services, raw.output.ms)} created`,
    ratio: raw.output.ms / calls.output.ms,
    goal: 'printed',
  });
  return { subject: synced.subject, rawMs: raw.output.ms };
}

/** A cold sync, in time and in CPU time. */
interface Synced {
  readonly subject: Subject;
  readonly ms: number;
  readonly cpu: Cpu;
}

/** Tells which part of the rate of the raw program it has reached, and where the CPU time has gone. */
export function tellCold(
  scene: Scene,
  { ms, cpu }: Synced,
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
 * Starts a controller. Returns it when slices of all Services have been seen, with how long that took it from the moment at which it had listed, and in CPU time;
 * that of the servers counts from the start of its process.
 */
export async function coldSync({ run, ground, seen, size }: Scene, args: readonly string[]): Promise<Synced> {
  const [{ subject, ms, program }, servers] = await ofServers(ground, async () => {
    const all = seen.until((slices) => slices.size === size.services);
    const toWallClock = Date.now() - performance.now();
    const started = await openIn(run, Subject.start(ground, { args }));
    const startedAt = await started.saidAt('Started');
    const before = await started.usage();
    const took = (await all) + toWallClock - startedAt;
    const { cpuMs } = await started.usage();
    return { subject: started, ms: took, program: cpuMs - before.cpuMs };
  });
  return { subject, ms, cpu: { program, servers } };
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
  const before = await subject.usage();
  const [ms, servers] = await ofServers(ground, async () => {
    const all = seen.until((slices) => slices.size === size.services);
    const woken = performance.now();
    subject.wake();
    return (await all) - woken;
  });
  const { cpuMs } = await subject.usage();
  await subject.untilSettled(size.services * size.instances);
  run.tell({
    id: 'cold',
    what: 'the same slices written once more by the same process, from what it remembers: somebody has deleted all of them while it slept',
    ours: `${perSecond(size.services, ms)}; ${cpuOf({ program: cpuMs - before.cpuMs, servers }, 'controller')}`,
    raw: `${perSecond(size.services, rawMs)} created`,
    ratio: rawMs / ms,
    goal: 'printed',
  });
}
