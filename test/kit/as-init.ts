import { readFile } from 'node:fs/promises';
import { eventually } from './eventually.ts';

/** Whom a process is run as, and where. */
export interface InitOptions {
  /** The root of its file system; that of this machine unless given. */
  readonly root?: string;
  readonly cwd?: string;
  /** A number, for user and group; that of this process unless given. */
  readonly user?: number;
}

/**
 * The command line that runs `command` as a container does: as process 1 of a namespace of processes, which ends with it. The network is that of this
 * machine. It wants {@link signalInit}, since the process that is started is not the one that is process 1.
 */
export function asInit(
  command: readonly string[],
  { root, cwd, user }: InitOptions = {},
): [program: string, ...args: string[]] {
  const options = [
    ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
    root === undefined ? [] : ['--root', root],
    cwd === undefined ? [] : ['--wd', cwd],
    user === undefined ? [] : ['--setuid', `${user}`, '--setgid', `${user}`],
  ];
  return ['unshare', ...options.flat(), '--', ...command];
}

/** Sends a signal to the process 1 that was started with {@link asInit} as process `pid`, as the node's container runtime does. */
export async function signalInit(pid: number, signal: NodeJS.Signals): Promise<void> {
  const init = await eventually(async () => {
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    const child = Number.parseInt(children, 10);
    if (Number.isNaN(child)) {
      throw new Error(`Process ${pid} has no child yet`);
    }
    return child;
  });
  process.kill(init, signal);
}
