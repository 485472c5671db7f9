import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { servers } from './kit/control-plane.ts';
import { eventually } from './kit/eventually.ts';
import { processesOf } from './kit/processes.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
/** Two servers start and stop, on machines that run other tests at the same time. */
const PATIENCE_MS = 60_000;

/** A folder for everything that one demo writes; the command line of every server that it starts names a file in there. */
let temporary = '';

beforeEach(async () => {
  temporary = await mkdtemp(join(tmpdir(), 'etcd-endpoints-demo-test-'));
});

afterEach(async () => {
  await rm(temporary, { recursive: true, force: true });
});

/** `npm run demo` from the repository, and what it prints. */
class Demo {
  text = '';
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;

  constructor(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
    this.#child = spawn(process.execPath, ['dev/bootstrap.mjs', 'demo', ...args], {
      cwd: root,
      env: { ...process.env, TMPDIR: temporary, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#closed = once(this.#child, 'close');
    onTestFinished(async () => {
      this.#child.kill('SIGTERM');
      await this.#closed;
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => {
        this.text += chunk.toString();
      });
    }
  }

  /** Resolves when it has printed `words`; rejects when it ends before. */
  async untilSays(words: string): Promise<void> {
    const said = eventually(() => expect(this.text).toContain(words), { timeoutMs: PATIENCE_MS });
    const ended = this.#closed.then(() => expect(this.text).toContain(words));
    await Promise.race([said, ended]);
  }

  /** The command that it prints which ends so, as a person would copy it. */
  command(end: string): string {
    const lines = this.text.split('\n').filter((line) => line.startsWith('    ') && line.endsWith(end));
    expect(lines, `commands that end with "${end}"`).toHaveLength(1);
    return String(lines[0]).trim();
  }

  /** Resolves when it has printed, after the first `from` chars, a line of endpoints for which `holds` is true. */
  async untilShows(holds: (addresses: readonly string[]) => boolean, from = 0): Promise<void> {
    await eventually(
      () => {
        const lines = [...this.text.slice(from).matchAll(/ Endpoints: (.*)\n/g)];
        const shown = lines.map(([, addresses = '']) => addresses.split(', '));
        expect(shown.some(holds), this.text).toBe(true);
      },
      { timeoutMs: PATIENCE_MS },
    );
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name);
  }

  /** The exit code, when it has ended. */
  async ends(): Promise<number | null> {
    await this.#closed;
    return this.#child.exitCode;
  }
}

describe('the demo', { timeout: 2 * PATIENCE_MS }, () => {
  it('plays one round, finds what Kubernetes publishes right, and leaves nothing behind', async () => {
    const demo = new Demo(['--once']);
    expect(await demo.ends(), demo.text).toBe(0);
    expect(demo.text.match(/^(ok|FAILED) .*?(?= \()/gm)).toEqual([
      'ok  Three instances register: Endpoints hold exactly them',
      'ok  The EtcdService is Ready',
      'ok  One changes its port: Endpoints follow',
      'ok  One dies: Endpoints lose it with its lease of 5 s',
      'ok  One says goodbye: Endpoints lose it',
      ...(servers().served.discoveryV1 ? ['ok  EndpointSlices, which kube-proxy reads, say the same'] : []),
    ]);
    await expectNothingLeft();
  });

  it('shows three instances, what the commands that it prints do to a fourth, and leaves nothing behind at Ctrl-C', async () => {
    const demo = new Demo([]);
    await demo.untilShows((addresses) => addresses.length === 3);
    const mine = (addresses: readonly string[]): readonly string[] =>
      addresses.filter((address) => address.startsWith('192.0.2.99:'));
    const steps = [
      { command: 'put /services/web/mine 192.0.2.99:8080', shows: ['192.0.2.99:8080'] },
      { command: 'put /services/web/mine 192.0.2.99:9090', shows: ['192.0.2.99:9090'] },
      { command: 'del /services/web/mine', shows: [] },
    ];
    for (const { command, shows } of steps) {
      const from = demo.text.length;
      await promisify(execFile)('bash', ['-c', demo.command(command)]);
      await demo.untilShows((addresses) => mine(addresses).join() === shows.join(), from);
    }
    demo.signal('SIGINT');
    expect(await demo.ends()).toBe(0);
    await expectNothingLeft();
  });

  it.each(['SIGTERM', 'SIGHUP'] as const)('leaves nothing behind when %s ends it at play', async (signal) => {
    const demo = new Demo([]);
    await demo.untilSays('… and Kubernetes shows it');
    expect(await processesOf(temporary)).not.toEqual([]);
    demo.signal(signal);
    expect(await demo.ends()).toBe(0);
    await expectNothingLeft();
  });

  it('leaves nothing behind when it is told to end while its servers start', async () => {
    const demo = new Demo(['--once']);
    await demo.untilSays('Starting kube-apiserver');
    demo.signal('SIGTERM');
    expect(await demo.ends()).toBe(1);
    await expectNothingLeft();
  });

  it('says why and leaves nothing behind when a server does not start', async () => {
    const demo = new Demo(['--once'], { KUBEBUILDER_ASSETS: await assetsWithoutApiserver() });
    expect(await demo.ends()).toBe(1);
    expect(demo.text).toContain('this apiserver never starts');
    await expectNothingLeft();
  });

  it('names its usage when it is called wrongly', async () => {
    const demo = new Demo(['--twice']);
    expect(await demo.ends()).toBe(1);
    await expectNothingLeft();
  });
});

/** Real servers but for an apiserver that answers for its version alone. */
async function assetsWithoutApiserver(): Promise<string> {
  const { etcd, etcdctl, kubernetesVersion } = servers().binaries;
  const folder = join(temporary, 'assets');
  await mkdir(folder);
  await symlink(etcd, join(folder, 'etcd'));
  await symlink(etcdctl, join(folder, 'etcdctl'));
  const script = join(folder, 'kube-apiserver');
  await writeFile(
    script,
    `#!/bin/sh\n[ "$1" = --version ] && exec echo 'Kubernetes v${kubernetesVersion.text}'\necho 'this apiserver never starts' >&2\nexit 1\n`,
  );
  await chmod(script, 0o755);
  return folder;
}

/** Neither a process that uses our folder, nor anything in that folder. */
async function expectNothingLeft(): Promise<void> {
  expect(await processesOf(temporary)).toEqual([]);
  expect((await readdir(temporary)).filter((name) => name !== 'assets')).toEqual([]);
}
