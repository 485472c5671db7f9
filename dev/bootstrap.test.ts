import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

interface Outcome {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

describe('bootstrap', () => {
  let clone: string;
  beforeEach(async () => {
    clone = await mkdtemp(join(tmpdir(), 'clone-'));
    await mkdir(join(clone, 'dev'));
    await mkdir(join(clone, 'programs'));
    for (const file of ['bootstrap.mjs', 'lock.mjs']) {
      await copyFile(new URL(file, import.meta.url), join(clone, 'dev', file));
    }
    await writeFile(join(clone, 'package-lock.json'), '{}');
    await writeNpm(`
      sleep 0.3
      mkdir -p node_modules/.bin
      ln -sf ${process.execPath} node_modules/.bin/node
      touch node_modules/.package-lock.json`);
    await writeTask('console.log(process.argv.slice(2).join());');
  });
  afterEach(() => rm(clone, { recursive: true }));

  /** An npm that notes its arguments and does what `script` says. */
  function writeNpm(script: string): Promise<void> {
    const text = `#!/bin/sh\necho "$*" >> npm-calls\n${script}\n`;
    return writeFile(join(clone, 'programs', 'npm'), text, { mode: 0o755 });
  }

  function writeTask(text: string): Promise<void> {
    return writeFile(join(clone, 'dev', 'test.ts'), text);
  }

  const environment = () => ({
    ...process.env,
    PATH: `${join(clone, 'programs')}${delimiter}${process.env['PATH']}`,
  });

  function bootstrap(...args: string[]): Promise<Outcome> {
    return new Promise((resolve) => {
      const script = join(clone, 'dev', 'bootstrap.mjs');
      const child = execFile(
        process.execPath,
        [script, ...args],
        { env: environment() },
        (_, stdout, stderr) => resolve({ status: child.exitCode ?? -1, stdout, stderr }),
      );
    });
  }

  const npmCalls = async (): Promise<number> =>
    (await readFile(join(clone, 'npm-calls'), 'utf8')).trimEnd().split('\n').length;

  it('installs the packages, says so, and runs the task with its arguments', async () => {
    const { status, stdout, stderr } = await bootstrap('test', 'a', '--b');
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'a,--b\n' });
    expect(stderr).toMatch(/^Installing the packages .*\n$/);
  });

  it('installs once, until the lock file changes', async () => {
    await bootstrap('test');
    await bootstrap('test');
    expect(await npmCalls()).toBe(1);
    const later = Date.now() / 1000 + 60;
    await utimes(join(clone, 'package-lock.json'), later, later);
    await bootstrap('test');
    expect(await npmCalls()).toBe(2);
  });

  it('installs once for two at the same time', async () => {
    const outcomes = await Promise.all([bootstrap('test'), bootstrap('test')]);
    expect(outcomes.map(({ status }) => status)).toEqual([0, 0]);
    expect(await npmCalls()).toBe(1);
  });

  it('ends with the status of the task', async () => {
    await writeTask('process.exit(7);');
    expect((await bootstrap('test')).status).toBe(7);
  });

  it('hands signals on and waits for the task to end', async () => {
    await writeTask(`
      process.on('SIGTERM', () => { console.log('tidied up'); process.exit(3); });
      setInterval(() => undefined, 1_000);
      console.log('ready');`);
    const child = spawn(process.execPath, [join(clone, 'dev', 'bootstrap.mjs'), 'test'], {
      env: environment(),
    });
    await once(child.stdout, 'data');
    child.kill('SIGTERM');
    const [last] = await once(child.stdout, 'data');
    const [status] = await once(child, 'exit');
    expect({ last: String(last), status }).toEqual({ last: 'tidied up\n', status: 3 });
  });

  it('says in one line that npm failed, after what npm says', async () => {
    await writeNpm('echo "no network" >&2; exit 9');
    const { status, stderr } = await bootstrap('test');
    expect(status).toBe(1);
    expect(stderr).toMatch(/no network\netcd-endpoints: npm ci failed with status 9 .*HTTPS_PROXY\n$/);
  });

  it('refuses a task that it does not know', async () => {
    const { status, stderr } = await bootstrap('dance');
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: 'etcd-endpoints: unknown task "dance": say one of demo, test, chaos, faults, bench\n',
    });
  });
});
