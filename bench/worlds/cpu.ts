/** Where the CPU time of a row goes. */
import type { Ground } from '../ground.ts';
import { milliseconds, type Row } from '../report.ts';
import type { Usage } from '../subject.ts';

/** CPU time in milliseconds. */
export interface Cpu {
  /** Of the controller, or of the raw program. */
  readonly program: number;
  readonly servers: number;
}

/** What the servers spend on some work. To ask them takes them time, which does not fall into the work. */
export async function ofServers<T>(ground: Ground, work: () => Promise<T>): Promise<readonly [T, number]> {
  const before = await ground.serversCpuMs();
  const result = await work();
  return [result, (await ground.serversCpuMs()) - before];
}

/** A running program. */
export interface Measured {
  usage(): Promise<Usage>;
}

/** Milliseconds of the clock and of CPU time. */
export interface Spent {
  readonly ms: number;
  readonly cpu: Cpu;
}

/** What a program and the servers spend on some work, which tells how long it took. */
export async function spentOn(
  ground: Ground,
  program: Measured,
  work: () => Promise<number>,
): Promise<Spent> {
  const before = await program.usage();
  const [ms, servers] = await ofServers(ground, work);
  const { cpuMs } = await program.usage();
  return { ms, cpu: { program: cpuMs - before.cpuMs, servers } };
}

/** Where the time of a row goes: on few cores nothing is faster than what all have to do together. */
export function cpuRow(ours: Cpu, raw: Cpu, of = ''): Omit<Row, 'id'> {
  return {
    what: `the same in CPU time${of}; ratio that a controller would reach which takes no more than the raw program`,
    ours: cpuOf(ours, 'controller'),
    raw: cpuOf(raw, 'program'),
    goal: 'printed',
  };
}

export function cpuOf({ program, servers }: Cpu, name: 'controller' | 'program'): string {
  return `${milliseconds(program)} of the ${name}, ${milliseconds(servers)} of the servers`;
}

/** How many times the raw work takes what the servers have to do for a controller, with the raw program in its place. */
export function leastRatio(ours: Cpu, raw: Cpu): number {
  return (ours.servers + raw.program) / (raw.servers + raw.program);
}
