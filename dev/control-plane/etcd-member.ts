import { setTimeout as pause } from 'node:timers/promises';
import { type Child, startChild } from './child.ts';

/** How long a member may take until it serves, in milliseconds: generous, for machines that are busy with something else. */
const START_TIMEOUT_MS = 60_000;
const LOOK_EVERY_MS = 40;

/** Where a member lives and what it is told. */
export interface MemberPlan {
  readonly name: string;
  readonly dataDirectory: string;
  readonly clientUrl: string;
  readonly peerUrl: string;
  /** Plain HTTP, also where clients must speak TLS: `/metrics` and `/health`. */
  readonly metricsUrl: string;
  readonly initialCluster: string;
  readonly flags: Readonly<Record<string, string>>;
}

/** One etcd process, which can be paused, killed and started again under the same address with the same data. */
export class EtcdMember {
  readonly #binary: string;
  readonly #plan: MemberPlan;
  #child: Child | undefined;

  constructor(binary: string, plan: MemberPlan) {
    this.#binary = binary;
    this.#plan = plan;
  }

  get name(): string {
    return this.#plan.name;
  }

  get clientUrl(): string {
    return this.#plan.clientUrl;
  }

  get metricsUrl(): string {
    return this.#plan.metricsUrl;
  }

  get dataDirectory(): string {
    return this.#plan.dataDirectory;
  }

  /** Process id of the running member; undefined while it is down. */
  get pid(): number | undefined {
    return this.#child?.running === true ? this.#child.pid : undefined;
  }

  /** The last output of the process. */
  get output(): string {
    return this.#child?.output ?? '';
  }

  /** The flags with which `snapshot restore` makes this member's data again. */
  get restoreFlags(): string[] {
    const { name, dataDirectory, initialCluster, peerUrl } = this.#plan;
    return [
      `--name=${name}`,
      `--data-dir=${dataDirectory}`,
      `--initial-cluster=${initialCluster}`,
      `--initial-advertise-peer-urls=${peerUrl}`,
    ];
  }

  /** Starts the member and waits until it serves, which takes a majority of the members. */
  async start(): Promise<void> {
    const { clientUrl, metricsUrl, peerUrl, flags } = this.#plan;
    const child = await startChild(this.#binary, [
      ...this.restoreFlags,
      `--listen-client-urls=${clientUrl}`,
      `--advertise-client-urls=${clientUrl}`,
      `--listen-peer-urls=${peerUrl}`,
      `--listen-metrics-urls=${metricsUrl}`,
      '--logger=zap',
      ...Object.entries(flags).map(([name, value]) => `--${name}=${value}`),
    ]);
    this.#child = child;
    const deadline = performance.now() + START_TIMEOUT_MS;
    while (!(await this.isHealthy())) {
      if (!child.running || performance.now() > deadline) {
        throw new Error(
          `etcd (${this.#binary}) does not serve at ${clientUrl}. Its last words:\n${child.output}`,
        );
      }
      await pause(LOOK_EVERY_MS);
    }
  }

  /** Whether the member serves and sees a leader. */
  async isHealthy(): Promise<boolean> {
    try {
      const response = await fetch(`${this.#plan.metricsUrl}/health`, { signal: AbortSignal.timeout(1_000) });
      const body = (await response.json()) as { health?: unknown };
      return String(body.health) === 'true';
    } catch {
      return false;
    }
  }

  /** Stops the process from running without ending it or its connections (SIGSTOP). */
  pause(): void {
    this.#child?.signal('SIGSTOP');
  }

  /** Lets a paused process run on (SIGCONT). */
  resume(): void {
    this.#child?.signal('SIGCONT');
  }

  /** Ends the process at once (SIGKILL) and waits until it is gone; its data stay. */
  async kill(): Promise<void> {
    await this.#child?.stop(0);
  }

  /** Ends the process in good order (SIGTERM) and waits until it is gone; its data stay. */
  async stop(): Promise<void> {
    await this.#child?.stop();
  }

  /** Kills the process and starts it again with the same data; resolves when it serves. */
  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }
}
