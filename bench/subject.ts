import { readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type ControllerProcess, type LogLine, startController } from '../test/kit/controller-process.ts';
import { eventually } from '../test/kit/eventually.ts';
import { timeOf } from '../test/kit/replicas.ts';
import { compiled } from './compiled.ts';
import type { LoopDelay } from './delays.ts';
import { type Ground, sumOf, withOptions } from './ground.ts';
import type { LoopDelayLine } from './loop-delay.ts';
import { namespace } from './objects.ts';

/** What a process has used. */
export interface Usage {
  readonly cpuMs: number;
  readonly residentBytes: number;
}

export interface SubjectOptions {
  /** More flags, as on the command line. */
  readonly args?: readonly string[];
  /** URLs of etcd; the registry's own unless told. */
  readonly etcd?: readonly string[];
  /** Whether {@link Subject.loopDelay} will be asked for. */
  readonly isLoopWatched?: boolean;
}

/** As in the image. */
const command = [process.execPath, fileURLToPath(new URL('main.js', compiled))] as const;
const loopWatch = `--import=${new URL('./loop-delay.ts', import.meta.url)}`;

/** Kernels count CPU time in hundredths of a second. */
const tickMs = 10;

/** What a running process has used up to now. */
export async function usageOf(pid: number | undefined): Promise<Usage> {
  const [stat, status] = await Promise.all(
    ['stat', 'status'].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
  );
  // The name of the program, in brackets, may hold anything; user and system time are the 12th and 13th field after it.
  const fields = (stat ?? '').slice((stat ?? '').lastIndexOf(')') + 2).split(' ');
  const resident = /^VmRSS:\s+(\d+) kB$/m.exec(status ?? '')?.[1];
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs,
    residentBytes: Number(resident) * 1024,
  };
}

/** The controller that is measured, as its users run it. */
export class Subject {
  readonly #process: ControllerProcess;
  /** Wall-clock milliseconds when it was started. */
  readonly startedAt: number;
  /** How often it has been asked for delays of its event loop. */
  #asked: number = 0;

  private constructor(process: ControllerProcess, startedAt: number) {
    this.#process = process;
    this.startedAt = startedAt;
  }

  /** Starts it and returns when it has said its first line. */
  static async start(
    { registry, plane, controllerEnvironment }: Ground,
    { args = [], etcd = registry.endpoints, isLoopWatched = false }: SubjectOptions = {},
  ): Promise<Subject> {
    const startedAt = Date.now();
    const { kubeconfigPath: kubeconfig } = plane.credentials;
    const env = isLoopWatched ? withOptions(controllerEnvironment, loopWatch) : controllerEnvironment;
    const options = { command, etcd, kubeconfig, namespaces: [namespace], args, env };
    return new Subject(await startController(options), startedAt);
  }

  /** When it said this, in wall-clock milliseconds. */
  async saidAt(msg: string): Promise<number> {
    return timeOf(await eventually(() => this.#process.line({ msg }), { timeoutMs: 120_000, intervalMs: 5 }));
  }

  /** Stops it where it is, until it is woken. */
  sleep(): void {
    this.#process.signal('SIGSTOP');
  }

  wake(): void {
    this.#process.signal('SIGCONT');
  }

  usage(): Promise<Usage> {
    return usageOf(this.#process.pid);
  }

  /** Of the time since this was asked last. */
  async loopDelay(): Promise<LoopDelay> {
    this.#asked += 1;
    this.#process.signal('SIGUSR2');
    const answer = {
      msg: 'Delay of the event loop',
      asked: this.#asked,
    } as const satisfies Partial<LoopDelayLine>;
    const { p99, max } = (await this.#process.untilLine(answer)) as LogLine & LoopDelayLine;
    return { p99, max };
  }

  async metric(name: string): Promise<number> {
    return sumOf(await this.#metrics(), name);
  }

  /** Returns when the first keys of the registry are known: the wall-clock milliseconds of that. */
  untilListing(): Promise<number> {
    return this.#until((metrics) => sumOf(metrics, 'etcd_endpoints_registry_keys') > 0, 20);
  }

  /** Returns when so many keys of the registry are known: the wall-clock milliseconds of that. */
  untilListed(keys: number): Promise<number> {
    return this.#until((metrics) => sumOf(metrics, 'etcd_endpoints_registry_keys') === keys, 20);
  }

  /** Returns when so many endpoints are known to be published and nothing is left to do: the wall-clock milliseconds of that. */
  untilSettled(endpoints: number, { isRare = false } = {}): Promise<number> {
    const isSettled = (metrics: string): boolean =>
      sumOf(metrics, 'workqueue_depth') + sumOf(metrics, 'controller_runtime_active_workers') === 0 &&
      sumOf(metrics, 'etcd_endpoints_endpoints', isReady) === endpoints;
    return this.#until(isSettled, isRare ? 5000 : 20);
  }

  /** Looking costs the process something: at most a thirtieth of its time, or next to nothing. */
  async #until(isMet: (metrics: string) => boolean, leastPauseMs: number): Promise<number> {
    for (;;) {
      const asked = Date.now();
      const metrics = await this.#metrics();
      const at = Date.now();
      if (isMet(metrics)) {
        return at;
      }
      await pause(Math.max(leastPauseMs, (at - asked) * 30));
    }
  }

  async #metrics(): Promise<string> {
    const { text } = await this.#process.http('/metrics');
    return text;
  }

  async stop(): Promise<void> {
    if (this.#process.running) {
      await this.#process.stop();
    }
  }
}

function isReady(labels: string): boolean {
  return labels.includes('state="ready"');
}
