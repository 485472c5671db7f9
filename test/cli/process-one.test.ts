import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { asInit, signalInit } from '../kit/as-init.ts';
import { describeNeeding } from '../kit/needs.ts';
import { bin } from './command.ts';

interface Init {
  /** Resolves when it next says something, with that. */
  says(): Promise<string>;
  send(signal: NodeJS.Signals): Promise<void>;
  /** Its status. */
  readonly ended: Promise<number>;
}

/** Runs the package as process 1, with this for its program; resolves when that has said its process id. */
async function runAsInit(program: string): Promise<Init> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-process-one-'));
  await cp(bin, join(folder, 'bin/etcd-endpoints.js'));
  await mkdir(join(folder, 'dist'));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(
    join(folder, 'dist/main.js'),
    `setInterval(() => {}, 1000); ${program}; console.log(process.pid)`,
  );
  const [unshare, ...args] = asInit([process.execPath, join(folder, 'bin/etcd-endpoints.js')]);
  const child = spawn(unshare, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  child.stdout.setEncoding('utf8');
  const exited = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await exited;
    await rm(folder, { recursive: true, force: true });
  });
  const init: Init = {
    says: () => once(child.stdout, 'data').then(([text]) => text.trim()),
    send: (signal) => signalInit(child.pid ?? 0, signal),
    ended: exited.then(([code]) => code),
  };
  expect(await init.says()).toBe('1');
  return init;
}

describeNeeding('namespaces of processes', 'process 1 of a container', () => {
  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
    ['SIGHUP', 129],
  ] as const)('is ended by a %s that no command listens to, as any other process', async (signal, status) => {
    const process = await runAsInit('');
    await process.send(signal);
    expect(await process.ended).toBe(status);
  });

  it('leaves a signal to the command that listens to it, until it listens no more', async () => {
    const process = await runAsInit("process.once('SIGTERM', () => console.log('stopping'))");
    const stopping = process.says();
    await process.send('SIGTERM');
    expect(await stopping).toBe('stopping');
    await process.send('SIGTERM');
    expect(await process.ended).toBe(143);
  });
});
