import { onAbort, untilAborted } from '../../abort.ts';
import { backoffMs } from '../../backoff.ts';
import { type Moment, sleep } from '../../clock.ts';
import { codeOf, hasCode, messageOf } from '../../errors.ts';
import { bounded } from '../bounded.ts';
import type { EtcdDeps } from '../options.ts';
import { type KeepaliveClient, KeepaliveStream, type KeepaliveStreamOptions } from './keepalive-stream.ts';
import { type Hold, patienceMs } from './lease-deadline.ts';

export interface KeepaliveListener {
  /** What etcd has confirmed last. */
  hold(): Hold;
  /** etcd has renewed the lease for so long, with a keepalive sent at that moment. */
  renewed(sent: Moment, ttlSeconds: number): void;
  /** etcd does not know the lease. */
  notFound(): void;
}

/** Which member is asked, or whichever takes a connection first, and whether before a keepalive is due. */
type Choice = Pick<KeepaliveStreamOptions, 'only' | 'atOnce'>;

/** How long a round waits for a connection at most; the next one finds what has become of it. */
const mostOpeningMs = 2_000;

/** Rounds follow each other at least so far apart, also where all members refuse at once. */
const roundBackoff = { baseMs: 50, maxMs: 500, jitter: 0.5 };

/**
 * Keeps a lease alive over one stream. When it ends or owes an answer for too long, all members are asked at once, in rounds: a member may be silent itself,
 * or have passed the keepalive on to a leader that is no more, for which it waits up to 7 s, with all that follows on that stream waiting behind it (etcd,
 * server/etcdserver/v3_server.go, LeaseRenew). The first stream that answers, also one of an earlier round, is kept; the others are cancelled then, so that they
 * keep nothing alive behind our back.
 */
export class Keepalive {
  readonly #client: KeepaliveClient;
  readonly #leaseId: string;
  readonly #listener: KeepaliveListener;
  readonly #deps: EtcdDeps;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  /** Streams that may still bring an answer. */
  readonly #streams = new Set<KeepaliveStream>();
  /** Rounds since a keepalive was last answered. */
  #inVain = 0;
  #found: ((stream: KeepaliveStream) => void) | undefined;

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
    onAbort(signal, () => this.#keepOnly(undefined));
    await this.#ask({ only: undefined, atOnce: false }, signal);
    while (!signal.aborted) {
      const stream = await this.#firstToAnswer();
      if (stream !== undefined) {
        stream.prefer();
        await this.#untilFailing(stream, signal);
      }
    }
  }

  /** Asks all members, round after round, until a stream answers; undefined when closed. */
  async #firstToAnswer(): Promise<KeepaliveStream | undefined> {
    const { clock, random = Math.random } = this.#deps;
    const search = new AbortController();
    const signal = AbortSignal.any([search.signal, this.#stop.signal]);
    let found: KeepaliveStream | undefined;
    this.#found = (stream) => {
      found = stream;
      search.abort();
    };
    while (!signal.aborted) {
      const apart = sleep(clock, backoffMs(this.#inVain, { ...roundBackoff, random }), signal);
      this.#inVain += 1;
      const asked = this.#client.members.map((only) => this.#ask({ only, atOnce: true }, signal));
      await Promise.all([...asked, apart]);
    }
    return found;
  }

  /** Has a stream opened, and resolves when it fails or cannot be had, or when `signal` aborts. Never rejects. */
  async #ask(choice: Choice, signal: AbortSignal): Promise<void> {
    try {
      const stream = await this.#open(choice, signal);
      this.#streams.add(stream);
      await this.#untilFailing(stream, signal);
    } catch (error) {
      if (!signal.aborted) {
        this.#deps.log.debug(
          { member: choice.only, reason: codeOf(error), problem: messageOf(error) },
          'no keepalive stream can be had',
        );
      }
    }
  }

  async #open(choice: Choice, signal: AbortSignal): Promise<KeepaliveStream> {
    const { clock } = this.#deps;
    const alone = this.#client.members.length === 1;
    const patience = (): number => patienceMs(this.#listener.hold().ttlMs, this.#inVain);
    const options = {
      ...choice,
      leaseId: this.#leaseId,
      clock,
      alone,
      hold: () => this.#listener.hold(),
      patienceMs: patience,
      answered: (stream: KeepaliveStream, sent: Moment, ttlSeconds: number) =>
        this.#answered(stream, sent, ttlSeconds),
    };
    return await bounded(
      clock,
      Math.min(patience(), mostOpeningMs),
      (limited) => KeepaliveStream.open(this.#client, { ...options, signal: limited }),
      signal,
    );
  }

  /** Resolves when the stream fails, or when `signal` aborts. */
  async #untilFailing(stream: KeepaliveStream, signal: AbortSignal): Promise<void> {
    const reason = await untilAborted(stream.failing, signal).catch(() => undefined);
    if (stream.over) {
      this.#streams.delete(stream);
    }
    if (reason === undefined || signal.aborted) {
      return;
    }
    if (hasCode(reason, 'ETCD_LEASE_NOT_FOUND')) {
      this.#listener.notFound();
      return;
    }
    // The first of a row is worth a line; in an outage many follow.
    const level = this.#inVain === 0 ? 'info' : 'debug';
    this.#deps.log[level](
      { member: stream.member, reason: reason.code, problem: reason.message },
      'the keepalive stream is replaced',
    );
  }

  #answered(stream: KeepaliveStream, sent: Moment, ttlSeconds: number): void {
    this.#inVain = 0;
    this.#keepOnly(stream);
    this.#found?.(stream);
    if (ttlSeconds > 0) {
      this.#listener.renewed(sent, ttlSeconds);
    } else {
      this.#listener.notFound();
    }
  }

  #keepOnly(kept: KeepaliveStream | undefined): void {
    for (const stream of [...this.#streams].filter((other) => other !== kept)) {
      this.#streams.delete(stream);
      stream.cancel();
    }
  }
}
