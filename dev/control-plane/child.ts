import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';

/** How much of a server's output is kept for the message of a failed start, in characters. */
const OUTPUT_KEPT = 64 * 1024;

/** A server process of ours. It dies with us: nothing that tests or the demo start may outlive them. */
export interface Child {
  readonly pid: number;
  /** Resolves when the process is gone; never rejects. */
  readonly exited: Promise<void>;
  readonly running: boolean;
  /** The last output of the process, both streams. */
  readonly output: string;
  signal(name: NodeJS.Signals): void;
  /** Asks the process to end, kills it after `graceMs`, and resolves when it is gone. */
  stop(graceMs?: number): Promise<void>;
}

const setpriv = '/usr/bin/setpriv';
const setsid = '/usr/bin/setsid';

/** The servers that run now. One listener for all of them kills those that are left when this process ends by itself. */
const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) {
    child.kill('SIGKILL');
  }
});

/**
 * The command line that starts `command` so that the kernel kills it when its parent dies, in whatever way. Only Linux offers that;
 * elsewhere a parent killed by SIGKILL leaves its children behind.
 */
export function dyingWithParent(command: string, args: readonly string[]): [string, string[]] {
  return existsSync(setpriv)
    ? [setpriv, ['--pdeathsig', 'KILL', '--', command, ...args]]
    : [command, [...args]];
}

/**
 * As {@link dyingWithParent}, in a session of its own: Ctrl-C at a terminal, and the end of the terminal, reach those who have started the
 * server and not the server itself, so that they can end one after the other in good order.
 */
export function serverCommand(command: string, args: readonly string[]): [string, string[]] {
  return existsSync(setsid) ? dyingWithParent(setsid, [command, ...args]) : dyingWithParent(command, args);
}

/** Starts a server process; resolves once it has been spawned, rejects when it cannot be (no such file, not executable). */
export async function startChild(
  command: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Child> {
  const [program, programArgs] = serverCommand(command, args);
  const child = spawn(program, programArgs, {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  running.add(child);
  void exited.then(() => running.delete(child));

  const output = keepOutput(child);
  await once(child, 'spawn');
  return {
    // A spawned process has a pid; only a failed spawn has none, and that has thrown above.
    pid: child.pid as number,
    exited,
    get running() {
      return child.exitCode === null && child.signalCode === null;
    },
    get output() {
      return output();
    },
    signal(name) {
      child.kill(name);
    },
    async stop(graceMs = 5_000) {
      if (graceMs === 0) {
        // Also one that was paused: it must not do anything more.
        child.kill('SIGKILL');
      } else {
        // A process that was paused must be woken up to see that it should end.
        child.kill('SIGCONT');
        child.kill('SIGTERM');
      }
      const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
      await exited;
      clearTimeout(timer);
    },
  };
}

function keepOutput(child: ChildProcess): () => string {
  let kept = '';
  const keep = (chunk: Buffer): void => {
    kept = (kept + chunk.toString()).slice(-OUTPUT_KEPT);
  };
  child.stdout?.on('data', keep);
  child.stderr?.on('data', keep);
  return () => kept;
}
