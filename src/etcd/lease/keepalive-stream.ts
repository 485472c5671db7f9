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
  /** How long an answer may take until the stream counts as over; infinite where there is no other member to turn to. */
  readonly patienceMs: () => number;
  /** Address of a member that is tried last. */
  readonly avoid: string | undefined;
  readonly signal: AbortSignal;
  /** A keepalive sent at that moment has been answered; a TTL of 0 means that etcd does not know the lease. */
  readonly answered: (sent: Moment, ttlSeconds: number) => void;
}

/** Timers may stand still while the machine sleeps: at the latest after so long it is looked how much time has passed. */
const lookEveryMs = 1_000;

/** One stream of keepalives to one member: one is sent as soon as it is due, and then in each interval, until the stream is cancelled. */
export class KeepaliveStream {
  /** Resolves when another stream is needed: this one has ended, or owes an answer. It is used on until cancelled. Never rejects. */
  readonly over: Promise<EtcdError>;
  readonly #options: KeepaliveStreamOptions;
  readonly #end: (reason: EtcdError) => void;
  /** When the unanswered keepalives were sent, oldest first: etcd answers those of a stream in their order. */
  readonly #unanswered: Moment[] = [];
  #stream: MemberStream<LeaseKeepAliveRequest> | undefined;
  #lastSent: Moment;
  #stopTimer: Cancel | undefined;
  #cancelled: boolean = false;

  private constructor(options: KeepaliveStreamOptions) {
    const over = Promise.withResolvers<EtcdError>();
    this.over = over.promise;
    this.#end = over.resolve;
    this.#options = options;
    // What was sent on another stream and not answered may never have arrived.
    this.#lastSent = options.hold().sent;
  }

  /** Opens a stream to the first member that takes a connection. */
  static async open(client: KeepaliveClient, options: KeepaliveStreamOptions): Promise<KeepaliveStream> {
    const self = new KeepaliveStream(options);
    const { avoid, signal } = options;
    self.#stream = await client.openStream(
      leaseKeepAliveRpc,
      { message: (response) => self.#receive(response), ended: (reason) => self.#ended(reason) },
      { avoid, signal },
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

  /** Ends it at once: nothing is sent nor told afterwards. */
  cancel(): void {
    this.#cancelled = true;
    this.#stopTimer?.();
    this.#stream?.cancel();
    this.#end(closedError());
  }

  #keepOn(): void {
    if (this.#cancelled) {
      return;
    }
    const { clock, patienceMs } = this.#options;
    const now = momentOf(clock);
    if (this.#untilNextMs(now) <= 0) {
      this.#send(now);
    }
    const [oldest] = this.#unanswered;
    const patienceLeftMs = oldest === undefined ? lookEveryMs : patienceMs() - elapsedMs(oldest, now);
    if (patienceLeftMs <= 0) {
      this.#end(unansweredError(this.member));
    }
    const waitMs = Math.min(this.#untilNextMs(now), lookEveryMs);
    this.#stopTimer = clock.schedule(patienceLeftMs > 0 ? Math.min(waitMs, patienceLeftMs) : waitMs, () =>
      this.#keepOn(),
    );
  }

  #untilNextMs(now: Moment): number {
    const { ttlMs } = this.#options.hold();
    return keepaliveIntervalMs(ttlMs, this.#unanswered.length) - elapsedMs(this.#lastSent, now);
  }

  #send(now: Moment): void {
    this.#lastSent = now;
    this.#unanswered.push(now);
    this.#stream?.send({ ID: this.#options.leaseId });
  }

  #receive({ ID, TTL }: LeaseKeepAliveResponse): void {
    const sent = ID === this.#options.leaseId ? this.#unanswered.shift() : undefined;
    if (sent !== undefined && !this.#cancelled) {
      this.#options.answered(sent, Number(TTL));
    }
  }

  #ended(reason: EtcdError): void {
    if (hasCode(reason, 'ETCD_TOKEN_REFUSED')) {
      this.#stream?.tokenRefused();
    }
    this.#end(reason);
    this.cancel();
  }
}

function unansweredError(member: string): EtcdError {
  return new RetryableError('ETCD_TIMEOUT', `etcd ${member} does not answer a keepalive`, {
    subject: member,
  });
}
