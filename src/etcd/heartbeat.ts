import { sleep } from '../clock.ts';
import { RetryableError } from '../errors.ts';
import type { EtcdClient } from './client.ts';
import { revisionOf } from './decode.ts';
import { isCode } from './errors.ts';
import { keyBytes } from './key.ts';
import type { EtcdDeps } from './options.ts';
import { rangeRpc } from './rpc.ts';
import type { Key, Revision } from './types.ts';
import type { WatchHub } from './watch.ts';

const periodMs = 10_000;
const failingPeriodMs = 1_000;

export interface HeartbeatListener {
  /** A key that the user may read. */
  key(): Key;
  /** Whether etcd answered (undefined) or why not. */
  beat(error: Error | undefined): void;
}

/**
 * A small linearizable read every 10 s, every second while it fails: tells whether the cluster answers, and keeps a token in use from
 * expiring. It also finds a member whose store stands still although its connection is well and its leader known, which neither keepalive
 * nor require-leader sees: a member that has not reached by now what the cluster had agreed on a period ago is left.
 */
export class Heartbeat {
  readonly #client: EtcdClient;
  readonly #hub: WatchHub;
  readonly #listener: HeartbeatListener;
  readonly #deps: EtcdDeps;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  /** What the cluster had agreed on at the last beat. */
  #agreed: Revision = 0;
  #failing: boolean = false;
  #rest = new AbortController();

  constructor(client: EtcdClient, hub: WatchHub, listener: HeartbeatListener, deps: EtcdDeps) {
    this.#client = client;
    this.#hub = hub;
    this.#listener = listener;
    this.#deps = deps;
    this.#running = this.#run();
  }

  /** Something failed: beats now rather than at the end of the period, unless that is known already. */
  hurry(): void {
    if (!this.#failing) {
      this.#rest.abort();
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#rest.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, random = Math.random } = this.#deps;
    while (!this.#stop.signal.aborted) {
      const error = await this.#beat();
      if (this.#stop.signal.aborted) {
        return;
      }
      this.#failing = error !== undefined;
      this.#listener.beat(error);
      this.#rest = new AbortController();
      const period = error === undefined ? periodMs : failingPeriodMs;
      await sleep(clock, period * (0.8 + 0.4 * random()), this.#rest.signal);
    }
  }

  async #beat(): Promise<Error | undefined> {
    try {
      await this.#checkMember();
      const request = { key: keyBytes(this.#listener.key()), limit: 1, keys_only: true };
      const { header } = await this.#client.read(rangeRpc, request, { signal: this.#stop.signal });
      this.#agreed = revisionOf(header.revision);
      return undefined;
    } catch (error) {
      // The permission is asked for after the cluster has agreed to answer: as good an answer as any.
      const answered = isCode(error, 'ETCD_PERMISSION_DENIED');
      return answered || !(error instanceof Error) ? undefined : error;
    }
  }

  async #checkMember(): Promise<void> {
    const agreed = this.#agreed;
    const reached = await this.#hub.memberRevision();
    if (reached !== undefined && reached < agreed) {
      this.#hub.leaveMember(
        new RetryableError(
          'ETCD_UNAVAILABLE',
          `etcd ${this.#hub.member} stands at revision ${reached}, which the cluster has left behind at ${agreed}`,
        ),
      );
    }
  }
}
