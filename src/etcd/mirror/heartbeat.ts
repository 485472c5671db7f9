import { sleep } from '../../clock.ts';
import { hasCode, RetryableError } from '../../errors.ts';
import { bufferOf } from '../bytes.ts';
import type { ReadingClient } from '../client/client.ts';
import { rangeRpc } from '../client/rpc.ts';
import type { EtcdError } from '../errors.ts';
import { singleRange } from '../key.ts';
import type { EtcdDeps } from '../options.ts';
import type { Key, Revision } from '../types.ts';
import type { WatchHub } from '../watch/watch.ts';

const periodMs = 10_000;
const failingPeriodMs = 1_000;

export interface HeartbeatListener {
  /** A key that the user may read. */
  key(): Key;
  /** Whether etcd answered (undefined) or why not. */
  beat(error: Error | undefined): void;
}

/**
 * A sign of life every 10 s, every second while there is none. A small linearizable read tells whether the cluster answers, and keeps a token
 * in use from expiring. A watch that is given up as soon as it is taken up tells whether the watch stream does: unlike a progress request, which
 * etcd starves on streams with many watches and its proxy does not forward, a create is always answered, and WatchStream leaves a member that
 * does not. The answer's revision shows a member whose store stands still although its connection is well and its leader known.
 */
export class Heartbeat {
  readonly #client: ReadingClient;
  readonly #hub: WatchHub;
  readonly #listener: HeartbeatListener;
  readonly #deps: EtcdDeps;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  /** What the cluster had agreed on at the last beat. */
  #agreed: { readonly revision: Revision; readonly clusterId: string } | undefined;
  #failing: boolean = false;
  #rest = new AbortController();

  constructor(client: ReadingClient, hub: WatchHub, listener: HeartbeatListener, deps: EtcdDeps) {
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
      // What fails while this beat is under way asks for another one after it.
      this.#rest = new AbortController();
      this.#probeStream();
      const error = await this.#read();
      if (this.#stop.signal.aborted) {
        return;
      }
      this.#failing = error !== undefined;
      this.#listener.beat(error);
      const period = error === undefined ? periodMs : failingPeriodMs;
      await sleep(clock, period * (0.8 + 0.4 * random()), this.#rest.signal);
    }
  }

  async #read(): Promise<Error | undefined> {
    try {
      const request = { key: bufferOf(this.#listener.key()), limit: 1, keys_only: true };
      const answer = await this.#client.read(rangeRpc, request, { signal: this.#stop.signal });
      this.#agreed = { revision: answer.revision, clusterId: answer.clusterId };
      return undefined;
    } catch (error) {
      // The permission is looked at after the cluster has agreed to answer: as good an answer as any.
      const answered = hasCode(error, 'ETCD_PERMISSION_DENIED');
      return answered || !(error instanceof Error) ? undefined : error;
    }
  }

  /** Only on a stream that stands. A member has had a whole period to reach what the cluster had agreed on. */
  #probeStream(): void {
    const { member, epoch } = this.#hub;
    if (member === undefined || this.#agreed === undefined) {
      return;
    }
    const { revision } = this.#agreed;
    this.#hub.probe(singleRange(this.#listener.key()), { ...this.#agreed, epoch }, () =>
      this.#hub.leaveMember(laggingError(member, revision)),
    );
  }
}

function laggingError(member: string, agreed: Revision): EtcdError {
  return new RetryableError(
    'ETCD_UNAVAILABLE',
    `etcd ${member} has not reached revision ${agreed}, which the cluster agreed on a while ago`,
    { subject: member },
  );
}
