import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { serverCommand } from '../control-plane/child.ts';
import { freePort } from '../control-plane/free-port.ts';
import { eventually } from './eventually.ts';

const command = fileURLToPath(new URL('../../bin/etcd-endpoints.js', import.meta.url));
const LINES_SHOWN = 15;
/** The controller promises to stop within 5 s. */
const STOP_MS = 6_000;

export interface ControllerOptions {
  readonly etcd: string;
  readonly kubeconfig: string;
  /** File that takes its log. */
  readonly log: string;
}

/** The controller, run from this clone in a process of its own. */
export class ControllerProcess {
  /** Where /metrics, /healthz and /readyz are served. */
  readonly url: string;
  readonly log: string;
  /** Rejects when the process ends before `stop`. */
  readonly ended: Promise<never>;
  readonly #child: ChildProcess;
  readonly #exited: Promise<void>;
  #isStopping = false;

  private constructor(child: ChildProcess, url: string, log: string) {
    this.#child = child;
    this.url = url;
    this.log = log;
    this.#exited = new Promise((resolve) => {
      child.once('exit', () => resolve());
      child.once('error', () => resolve());
    });
    this.ended = new Promise((_, reject) => {
      child.once('exit', (code, signal) => {
        if (!this.#isStopping) {
          reject(new Error(`The controller has ended with ${code ?? signal}`));
        }
      });
    });
    // Whoever waits for it hears of it; nobody has to.
    this.ended.catch(() => undefined);
    const killWithUs = (): void => {
      child.kill('SIGKILL');
    };
    process.once('exit', killWithUs);
    void this.#exited.then(() => process.off('exit', killWithUs));
  }

  /** Starts the process; it may take a while until {@link untilReady}. */
  static async start({ etcd, kubeconfig, log }: ControllerOptions): Promise<ControllerProcess> {
    const address = `127.0.0.1:${await freePort()}`;
    const [program, args] = serverCommand(process.execPath, [
      command,
      'controller',
      `--etcd=${etcd}`,
      `--kubeconfig=${kubeconfig}`,
      `--http-address=${address}`,
      '--explain-address=127.0.0.1:0',
      '--log-format=text',
    ]);
    const file = await open(log, 'a');
    try {
      const child = spawn(program, args, { stdio: ['ignore', file.fd, file.fd] });
      const started = new ControllerProcess(child, `http://${address}`, log);
      await once(child, 'spawn');
      return started;
    } finally {
      await file.close();
    }
  }

  /** Resolves once it says on /readyz that it can do its work. */
  async untilReady(signal: AbortSignal): Promise<void> {
    await eventually('the controller is ready', signal, () => Promise.race([this.#isReady(), this.ended]));
  }

  async #isReady(): Promise<boolean> {
    try {
      return (await fetch(`${this.url}/readyz`, { signal: AbortSignal.timeout(1_000) })).ok;
    } catch {
      return false;
    }
  }

  /** The end of its log. */
  async lastLines(): Promise<readonly string[]> {
    return (await readFile(this.log, 'utf8')).trimEnd().split('\n').slice(-LINES_SHOWN);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), STOP_MS);
    await this.#exited;
    clearTimeout(timer);
  }
}
