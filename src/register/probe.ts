import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';
import { optionsError } from '../config/read-options.ts';

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
  // As kubelet's probes: the certificate is not what is asked about, and many are not made for this name.
  const options = { signal, agent: false, rejectUnauthorized: false } as const;
  const request = url.protocol === 'https:' ? requestHttps(url, options) : requestHttp(url, options);
  request.end();
  const [response] = await once(request, 'response');
  const { statusCode } = response;
  // The body may be endless, and what becomes of it tells nothing.
  for (const part of [request, response]) {
    part.on('error', () => undefined);
  }
  request.destroy();
  if (statusCode < 200 || statusCode > 399) {
    throw new Error(`the answer is ${statusCode}`);
  }
}

async function probeTcp(url: URL, signal: AbortSignal): Promise<void> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const socket = connect({ host, port: Number(url.port) });
  try {
    await once(socket, 'connect', { signal });
  } finally {
    socket.on('error', () => undefined);
    socket.destroy();
  }
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
