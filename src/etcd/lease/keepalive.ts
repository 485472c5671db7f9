import { backoffMs } from '../../backoff.ts';
import { type Moment, sleep } from '../../clock.ts';
import { codeOf, hasCode, messageOf } from '../../errors.ts';
import type { EtcdError } from '../errors.ts';
import type { EtcdDeps } from '../options.ts';
import { type KeepaliveClient, KeepaliveStream } from './keepalive-stream.ts';
import { type Hold, patienceMs } from './lease-deadline.ts';

export interface KeepaliveListener {
  /** What etcd has confirmed last. */
  hold(): Hold;
  /** etcd has renewed the lease for so long, with a keepalive sent at that moment. */
  renewed(sent: Moment, ttlSeconds: number): void;
  /** etcd does not know the lease. */
  notFound(): void;
}

const reopenBackoff = { baseMs: 50, maxMs: 500, jitter: 0.5 };

/**
 * Keeps a lease alive over one stream at a time. When the stream ends or owes an answer for too long, another member is asked; the old stream serves
 * until the new one stands, and is cancelled then, so that it keeps nothing alive behind our back.
 */
export class Keepalive {
  readonly #client: KeepaliveClient;
  readonly #leaseId: string;
  readonly #listener: KeepaliveListener;
  readonly #deps: EtcdDeps;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  /** Streams, and tries to have one, since a keepalive was last answered. */
  #inVain = 0;

  constructor(client: KeepaliveClient, leaseId: string, listener: KeepaliveListener, deps: EtcdDeps) {
    this.#client = client;
    this.#leaseId = leaseId;
    this.#listener = listener;
    this.#deps = deps;
    this.#running = this.#run();
  }

  /** No keepalive leaves from now on; resolves when all is at rest. */
  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let current: KeepaliveStream | undefined;
    const cancelCurrent = (): void => current?.cancel();
    signal.addEventListener('abort', cancelCurrent, { once: true });
    while (!signal.aborted) {
      try {
        const next = await this.#open(current?.member);
        current?.cancel();
        current = next;
        signal.throwIfAborted();
        this.#over(next, await next.over);
      } catch (error) {
        this.#failed(error);
      }
      await this.#rest();
    }
    cancelCurrent();
  }

  async #open(avoid: string | undefined): Promise<KeepaliveStream> {
    const alone = this.#client.members.length === 1;
    return await KeepaliveStream.open(this.#client, {
      leaseId: this.#leaseId,
      clock: this.#deps.clock,
      hold: () => this.#listener.hold(),
      patienceMs: () =>
        alone ? Number.POSITIVE_INFINITY : patienceMs(this.#listener.hold().ttlMs, this.#inVain),
      avoid,
      signal: this.#stop.signal,
      answered: (sent, ttlSeconds) => this.#answered(sent, ttlSeconds),
    });
  }

  #over(stream: KeepaliveStream, reason: EtcdError): void {
    this.#stop.signal.throwIfAborted();
    this.#inVain += 1;
    if (hasCode(reason, 'ETCD_LEASE_NOT_FOUND')) {
      this.#listener.notFound();
    } else {
      // The first of a row is worth a line; in an outage many follow.
      const level = this.#inVain === 1 ? 'info' : 'debug';
      this.#deps.log[level](
        { member: stream.member, reason: reason.code, problem: reason.message },
        'the keepalive stream is replaced',
      );
    }
  }

  #answered(sent: Moment, ttlSeconds: number): void {
    this.#inVain = 0;
    if (ttlSeconds > 0) {
      this.#listener.renewed(sent, ttlSeconds);
    } else {
      this.#listener.notFound();
    }
  }

  #failed(error: unknown): void {
    if (!this.#stop.signal.aborted) {
      this.#inVain += 1;
      this.#deps.log.debug(
        { reason: codeOf(error), problem: messageOf(error) },
        'no keepalive stream can be had',
      );
    }
  }

  async #rest(): Promise<void> {
    const { clock, random = Math.random } = this.#deps;
    await sleep(clock, backoffMs(this.#inVain, { ...reopenBackoff, random }), this.#stop.signal);
  }
}
