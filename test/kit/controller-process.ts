import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { dyingWithParent } from '../../dev/control-plane/child.ts';
import { eventually } from './eventually.ts';

const MAIN = new URL('../../src/main.ts', import.meta.url).pathname;

export interface ControllerOptions {
  /** The command line of the command, without what it is told; Node.js with the sources unless given. */
  readonly command?: readonly [program: string, ...args: string[]];
  /** URLs of the registry's members; none: only EtcdRegistries are served. */
  readonly etcd: readonly string[];
  /** Path of the kubeconfig. */
  readonly kubeconfig: string;
  /** Namespaces to serve; none: all. */
  readonly namespaces?: readonly string[];
  /** Its name; a random one unless told. */
  readonly replica?: string;
  /** More flags, as on the command line. */
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** A line of the controller's log: what every line has, and what its decision adds. */
export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** How a process has ended, and how long that took. */
export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly tookMs: number;
}

/** Starts the controller as its users do, as a process of its own; resolves when it serves its metrics. Who starts it ends it. */
export async function startController(options: ControllerOptions): Promise<ControllerProcess> {
  const { replica = `test-${randomBytes(5).toString('hex')}`, args = [] } = options;
  const [runner, ...before] = options.command ?? [process.execPath, MAIN];
  const [program, command] = dyingWithParent(runner, [
    ...before,
    'controller',
    ...(options.etcd.length === 0 ? [] : [`--etcd=${options.etcd.join(',')}`]),
    `--kubeconfig=${options.kubeconfig}`,
    `--replica=${replica}`,
    '--http-address=127.0.0.1:0',
    ...(args.some((arg) => arg.startsWith('--explain-address')) ? [] : ['--explain-address=127.0.0.1:0']),
    ...(options.namespaces ?? []).map((namespace) => `--namespace=${namespace}`),
    // Most tests are about what one replica does.
    ...(args.some((arg) => arg.startsWith('--leader-elect')) ? [] : ['--leader-elect=off']),
    ...args,
  ]);
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(program, command, {
    env: { PATH, HOME, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const controller = new ControllerProcess(replica, child);
  // Whoever has ended will not start any more.
  const isOver = (): boolean => !controller.running || controller.line({ msg: 'Starting' }) !== undefined;
  try {
    await eventually(isOver, { timeoutMs: 120_000 });
    controller.line({ msg: 'Starting' });
  } catch (error) {
    await controller.kill();
    throw new Error(`The controller does not start: ${controller.output}`, { cause: error });
  }
  return controller;
}

/** A running controller, seen from outside: its log, its metrics and its probes. */
export class ControllerProcess {
  /** Its name in the User-Agent of all that it asks of the apiserver: no other process has it, unless a test gives two the same. */
  readonly replica: string;
  /** Everything that it has said, both streams. */
  output = '';
  readonly lines: LogLine[] = [];
  readonly #child: ChildProcess;
  readonly #exited: Promise<unknown>;

  constructor(replica: string, child: ChildProcess) {
    this.replica = replica;
    this.#child = child;
    this.#exited = once(child, 'exit');
    const { stdout, stderr } = child;
    if (stdout === null || stderr === null) {
      throw new Error('The controller is started with pipes');
    }
    createInterface(stdout).on('line', (line) => {
      this.output += `${line}\n`;
      this.lines.push(JSON.parse(line));
    });
    stderr.on('data', (chunk: Buffer) => {
      this.output += chunk.toString();
    });
  }

  /** Of the process that was started, which with a `command` of one's own may be the parent of the controller. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The first log line that has these fields; throws while there is none. */
  line(wanted: Partial<LogLine>): LogLine {
    const [found] = this.linesWith(wanted);
    if (found === undefined) {
      throw new Error(
        `There is no log line with ${JSON.stringify(wanted)}. The last ones:\n${this.#lastOutput()}`,
      );
    }
    return found;
  }

  /** As {@link line}, once it has been said: lines follow what they tell by some milliseconds. */
  untilLine(wanted: Partial<LogLine>): Promise<LogLine> {
    return eventually(() => this.line(wanted));
  }

  linesWith(wanted: Partial<LogLine>): readonly LogLine[] {
    const fields = Object.entries(wanted);
    return this.lines.filter((line) => fields.every(([name, value]) => line[name] === value));
  }

  /** What a path of its HTTP server answers: `/metrics`, `/healthz` or `/readyz`. */
  async http(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const { http } = this.line({ msg: 'Starting' }) as { http?: { host: string; port: number } };
    const response = await fetch(`http://${http?.host}:${http?.port}${path}`);
    return { status: response.status, text: await response.text() };
  }

  /** The sum of all series of a metric whose labels have these values; 0 where there is none. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const { text } = await this.http('/metrics');
    return sumOf(text, name, labels);
  }

  /** Returns once all caches have been listed. */
  async untilReady(): Promise<void> {
    await eventually(
      async () => {
        const { status, text } = await this.http('/readyz');
        if (status !== 200) {
          throw new Error(text);
        }
      },
      { timeoutMs: 120_000, intervalMs: 50 },
    );
  }

  /** Returns once the queue has nothing to do now. */
  async untilIdle(): Promise<void> {
    await eventually(
      async () => {
        const { text } = await this.http('/metrics');
        const busy =
          sumOf(text, 'workqueue_depth', {}) + sumOf(text, 'controller_runtime_active_workers', {});
        if (busy > 0) {
          throw new Error(`${busy} EtcdServices are waiting or worked on`);
        }
      },
      { timeoutMs: 30_000, intervalMs: 100 },
    );
  }

  /** SIGSTOP lets it stand still as a frozen machine does, SIGCONT go on; SIGUSR2 is for what a test has preloaded. */
  signal(name: 'SIGSTOP' | 'SIGCONT' | 'SIGUSR2'): void {
    this.#child.kill(name);
  }

  /** Asks it to end, as Kubernetes does, and returns how it has ended. */
  async stop(): Promise<Exit> {
    const started = performance.now();
    this.#child.kill('SIGTERM');
    await this.#exited;
    const { exitCode: code, signalCode: signal } = this.#child;
    return { code, signal, tookMs: performance.now() - started };
  }

  /** Ends it as a power cut does. */
  async kill(): Promise<void> {
    if (this.running) {
      this.#child.kill('SIGKILL');
      await this.#exited;
    }
  }

  #lastOutput(): string {
    return this.output.slice(-4000);
  }
}

/** Sums the series of a metric in the Prometheus text format. */
function sumOf(text: string, name: string, labels: Readonly<Record<string, string>>): number {
  const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter((line) => wanted.every((label) => line.includes(label)))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
