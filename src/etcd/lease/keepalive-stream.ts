import { type Cancel, type Clock, elapsedMs, type Moment, momentOf } from '../../clock.ts';
import { hasCode, RetryableError } from '../../errors.ts';
import type { EtcdClient, MemberStream } from '../client/client.ts';
import type { LeaseKeepAliveRequest, LeaseKeepAliveResponse } from '../client/etcd3.ts';
import { leaseKeepAliveRpc } from '../client/rpc.ts';
import { closedError, type EtcdError } from '../errors.ts';
import { type Hold, keepaliveIntervalMs } from './lease-deadline.ts';

/** What keepalives need of the client. */
export type KeepaliveClient = Pick<EtcdClient, 'openStream' | 'members'>;

export interface KeepaliveStreamOptions {
  readonly leaseId: string;
  readonly clock: Clock;
  /** What etcd has confirmed last, on whichever stream. */
  readonly hold: () => Hold;
  /** How long an answer may take until the stream counts as failing. */
  readonly patienceMs: () => number;
  /** Whether there is no other member to turn to: patience has no end then, and more keepalives are sent meanwhile. */
  readonly alone: boolean;
  /** Address of the only member that is asked; the first that takes a connection where there is none. */
  readonly only: string | undefined;
  /** Sends a keepalive at once, whether it is due or not. */
  readonly atOnce: boolean;
  readonly signal: AbortSignal;
  /** A keepalive sent at that moment has been answered; a TTL of 0 means that etcd does not know the lease. */
  readonly answered: (stream: KeepaliveStream, sent: Moment, ttlSeconds: number) => void;
}

/** Timers may stand still while the machine sleeps: at the latest after so long it is looked how much time has passed. */
const lookEveryMs = 1_000;

/** One stream of keepalives to one member: one is sent as soon as it is due, and then in each interval, until the stream is cancelled. */
export class KeepaliveStream {
  readonly #options: KeepaliveStreamOptions;
  /** When the unanswered keepalives were sent, oldest first: etcd answers those of a stream in their order. */
  readonly #unanswered: Moment[] = [];
  #failing = Promise.withResolvers<EtcdError>();
  #owing: boolean = false;
  #stream: MemberStream<LeaseKeepAliveRequest> | undefined;
  #lastSent: Moment | undefined;
  #stopTimer: Cancel | undefined;
  #over: boolean = false;

  private constructor(options: KeepaliveStreamOptions) {
    this.#options = options;
    // What was sent on another stream and not answered may never have arrived.
    this.#lastSent = options.atOnce ? undefined : options.hold().sent;
  }

  /** Opens a stream. */
  static async open(client: KeepaliveClient, options: KeepaliveStreamOptions): Promise<KeepaliveStream> {
    const self = new KeepaliveStream(options);
    const { only, signal } = options;
    self.#stream = await client.openStream(
      leaseKeepAliveRpc,
      { message: (response) => self.#receive(response), ended: (reason) => self.#ended(reason) },
      { only, signal },
    );
    if (signal.aborted) {
      self.cancel();
    }
    self.#keepOn();
    return self;
  }

  /** `host:port` of the member at the other end. */
  get member(): string {
    return this.#stream?.member ?? '';
  }

  /** Whether it has ended or been cancelled: no answer can come any more. */
  get over(): boolean {
    return this.#over;
  }

  /** Resolves when the stream is over, or has owed an answer for too long, which may still come; asked again after an answer, it is another promise. Never rejects. */
  get failing(): Promise<EtcdError> {
    return this.#failing.promise;
  }

  /** Calls of the client ask this member first from now on. */
  prefer(): void {
    this.#stream?.prefer();
  }

  /** Ends it at once: nothing is sent nor told afterwards. */
  cancel(): void {
    this.#over = true;
    this.#stopTimer?.();
    this.#stream?.cancel();
    this.#failing.resolve(closedError());
  }

  #keepOn(): void {
    if (this.#over) {
      return;
    }
    const { clock } = this.#options;
    const now = momentOf(clock);
    if (this.#untilNextMs(now) <= 0) {
      this.#send(now);
    }
    const patienceLeftMs = this.#patienceLeftMs(now);
    if (patienceLeftMs <= 0) {
      this.#owing = true;
      this.#failing.resolve(unansweredError(this.member));
      return;
    }
    const waitMs = Math.min(this.#untilNextMs(now), patienceLeftMs, lookEveryMs);
    this.#stopTimer = clock.schedule(waitMs, () => this.#keepOn());
  }

  #patienceLeftMs(now: Moment): number {
    const { alone, patienceMs } = this.#options;
    const [oldest] = this.#unanswered;
    return alone || oldest === undefined ? Number.POSITIVE_INFINITY : patienceMs() - elapsedMs(oldest, now);
  }

  #untilNextMs(now: Moment): number {
    const { alone, hold } = this.#options;
    const owed = this.#unanswered.length;
    if (owed > 0 && !alone) {
      // It would wait behind what is unanswered: others are asked instead.
      return Number.POSITIVE_INFINITY;
    }
    return this.#lastSent === undefined
      ? 0
      : keepaliveIntervalMs(hold().ttlMs, owed) - elapsedMs(this.#lastSent, now);
  }

  #send(now: Moment): void {
    this.#lastSent = now;
    this.#unanswered.push(now);
    this.#stream?.send({ ID: this.#options.leaseId });
  }

  #receive({ ID, TTL }: LeaseKeepAliveResponse): void {
    const sent = ID === this.#options.leaseId ? this.#unanswered.shift() : undefined;
    if (sent === undefined || this.#over) {
      return;
    }
    this.#options.answered(this, sent, Number(TTL));
    if (this.#owing) {
      this.#owing = false;
      this.#failing = Promise.withResolvers();
      this.#keepOn();
    }
  }

  #ended(reason: EtcdError): void {
    if (hasCode(reason, 'ETCD_TOKEN_REFUSED')) {
      this.#stream?.tokenRefused();
    }
    this.#failing.resolve(reason);
    this.cancel();
  }
}

function unansweredError(member: string): EtcdError {
  return new RetryableError('ETCD_TIMEOUT', `etcd ${member} does not answer a keepalive`, {
    subject: member,
  });
}
