import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { optionsError } from '../config/read-options.ts';
import { lookByHttp, lookByTcp } from '../look.ts';

/** Looks once whether what is registered works: resolves when it does, rejects with the reason when not. Ends soon after `signal` aborts. */
export type Probe = (signal: AbortSignal) => Promise<void>;

/** The probe of a `--check`. Throws `INVALID_OPTIONS` where it is none. */
export function probeOf(check: string): Probe {
  const [, command] = /^exec\s+(\S.*)$/s.exec(check) ?? [];
  if (command !== undefined) {
    return (signal) => probeCommand(command, signal);
  }
  const url = URL.parse(check);
  if (url?.protocol === 'http:' || url?.protocol === 'https:') {
    return (signal) => probeHttp(url, signal);
  }
  if (url?.protocol === 'tcp:' && url.port !== '' && /^\/?$/.test(url.pathname)) {
    return (signal) => probeTcp(url, signal);
  }
  const expected = 'expected http://host:port/path, https://…, tcp://host:port or "exec command"';
  throw optionsError([`--check ${JSON.stringify(check)}: ${expected}`]);
}

async function probeHttp(url: URL, signal: AbortSignal): Promise<void> {
  const status = await lookByHttp(url, signal);
  if (status < 200 || status > 399) {
    throw new Error(`the answer is ${status}`);
  }
}

async function probeTcp(url: URL, signal: AbortSignal): Promise<void> {
  await lookByTcp(url.hostname.replace(/^\[|\]$/g, ''), Number(url.port), signal);
}

/** The command runs in a process group of its own, so that nothing of it is left when it is cut off. */
async function probeCommand(command: string, signal: AbortSignal): Promise<void> {
  const child = spawn('/bin/sh', ['-c', command], { stdio: 'ignore', detached: true });
  const kill = (): void => {
    if (child.pid !== undefined) {
      killGroup(child.pid);
    }
  };
  signal.addEventListener('abort', kill, { once: true });
  try {
    const [code, name] = await once(child, 'exit');
    if (code !== 0) {
      throw new Error(name === null ? `the command exits with ${code}` : `the command is ended by ${name}`);
    }
  } finally {
    signal.removeEventListener('abort', kill);
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}
