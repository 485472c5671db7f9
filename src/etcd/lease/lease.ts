import { type Cancel, type Moment, momentOf } from '../../clock.ts';
import { codeOf, messageOf, RetryableError, TerminalError } from '../../errors.ts';
import { bounded } from '../bounded.ts';
import type { EtcdDeps } from '../options.ts';
import { Keepalive } from './keepalive.ts';
import { type LeaseClient, revokeLease } from './lease-calls.ts';
import { type Hold, phaseOf, remainingMs, untilOverdueMs } from './lease-deadline.ts';
import { leaseText } from './lease-id.ts';
import type { LeaseListener, LeaseLoss } from './lease-types.ts';

/** How long closing may take until the lease is left to its TTL. */
const closeLimitMs = 2_000;
/** How long a lost lease is tried to be revoked at most. */
const revokeLimitMs = 600_000;
/** Timers may stand still while the machine sleeps: at the latest after so long it is looked how much time has passed. */
const lookEveryMs = 1_000;

/**
 * A lease that etcd has granted, kept alive until it is lost or closed. It counts as lost when its TTL has passed since the last acknowledged
 * keepalive was sent, by the monotonic clock and the time the machine slept: etcd keeps it at least as long. A lost lease never comes back.
 */
export class Lease {
  /** In decimal. */
  readonly id: string;
  /** Resolves when the lease, lost or closed, is at rest: revoked, or left to its TTL. Never rejects. */
  readonly atRest: Promise<void>;
  readonly #client: LeaseClient;
  readonly #deps: EtcdDeps;
  readonly #keepalive: Keepalive;
  readonly #listeners = new Set<LeaseListener>();
  readonly #over = new AbortController();
  readonly #closing = new AbortController();
  readonly #settle: () => void;
  #hold: Hold;
  #overdue: boolean = false;
  #loss: LeaseLoss | undefined;
  #stopTimer: Cancel | undefined;

  /** Keeps a lease that {@link LeaseKeeper} has had granted. */
  constructor(client: LeaseClient, id: string, hold: Hold, deps: EtcdDeps) {
    this.id = id;
    this.#client = client;
    this.#deps = deps;
    this.#hold = hold;
    const atRest = Promise.withResolvers<void>();
    this.atRest = atRest.promise;
    this.#settle = atRest.resolve;
    const listener = {
      hold: () => this.#hold,
      renewed: (sent: Moment, ttlSeconds: number) => this.#renewed({ sent, ttlMs: ttlSeconds * 1_000 }),
      notFound: () => this.notFound(),
    };
    this.#keepalive = new Keepalive(client, id, listener, deps);
    this.#watchTime();
  }

  /** As etcd granted it last, in milliseconds. */
  get ttlMs(): number {
    return this.#hold.ttlMs;
  }

  /** Time until the lease may be over for etcd; 0 or less once it is lost or closed. */
  remainingMs(): number {
    return this.#over.signal.aborted ? 0 : remainingMs(this.#hold, momentOf(this.#deps.clock));
  }

  /** Time until two thirds of the TTL have passed; 0 or less when they have, or when the lease is lost or closed. */
  untilOverdueMs(): number {
    return this.#over.signal.aborted ? 0 : untilOverdueMs(this.#hold, momentOf(this.#deps.clock));
  }

  /** Aborts when the lease is lost or closed; its reason has the code LEASE_LOST or LEASE_CLOSED. */
  get signal(): AbortSignal {
    return this.#over.signal;
  }

  /** Why it is lost; undefined while it is not, and where we closed it. */
  get loss(): LeaseLoss | undefined {
    return this.#loss;
  }

  /** Tells the listener what becomes of the lease; returns a function that ends it. */
  listen(listener: LeaseListener): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Some call was told that etcd does not know this lease. */
  notFound(): void {
    this.#lose('not-found');
  }

  /** Sends no keepalive from now on, and revokes the lease. Resolves when etcd has done so, or after 2 s: it ends with its TTL then. */
  async close(): Promise<void> {
    const closed = new TerminalError('LEASE_CLOSED', 'the lease is closed');
    this.#finish(closed);
    const cancel = this.#deps.clock.schedule(closeLimitMs, () => this.#closing.abort(closed));
    await this.atRest;
    cancel();
  }

  #renewed(hold: Hold): void {
    // Whoever was told by then that the time is over must stay right.
    this.#check();
    if (!this.#over.signal.aborted) {
      this.#hold = hold;
      this.#overdue = false;
      this.#tell('renewed');
      this.#watchTime();
    }
  }

  #check(): void {
    const phase = phaseOf(this.#hold, momentOf(this.#deps.clock));
    if (phase === 'over') {
      this.#lose('expired');
    } else if (phase === 'overdue' && !this.#overdue) {
      this.#overdue = true;
      this.#tell('overdue');
    }
  }

  #watchTime(): void {
    this.#stopTimer?.();
    this.#check();
    if (this.#over.signal.aborted) {
      return;
    }
    const next = this.#overdue ? this.remainingMs() : this.untilOverdueMs();
    this.#stopTimer = this.#deps.clock.schedule(Math.min(next, lookEveryMs), () => this.#watchTime());
  }

  #lose(reason: LeaseLoss): void {
    if (this.#over.signal.aborted) {
      return;
    }
    this.#deps.log.warn({ lease: leaseText(this.id), reason }, 'a lease is lost');
    this.#loss = reason;
    this.#finish(new RetryableError('LEASE_LOST', `the lease is lost (${reason})`));
    for (const listener of [...this.#listeners]) {
      listener.lost?.(reason);
    }
  }

  /** The one end, whatever the reason. Also a lease that we lost may live on in etcd, with keys that would stand in the way of others. */
  #finish(reason: Error): void {
    if (this.#over.signal.aborted) {
      return;
    }
    this.#over.abort(reason);
    this.#stopTimer?.();
    void this.#release().finally(this.#settle);
  }

  async #release(): Promise<void> {
    await this.#keepalive.close();
    if (this.#loss === 'not-found') {
      return;
    }
    try {
      // After twice its TTL it is gone for etcd as well, also where another leader of etcd has extended it.
      await bounded(
        this.#deps.clock,
        Math.min(2 * this.#hold.ttlMs, revokeLimitMs),
        (signal) => revokeLease(this.#client, this.id, this.#deps, signal),
        this.#closing.signal,
      );
    } catch (error) {
      this.#deps.log.info(
        { lease: leaseText(this.id), reason: codeOf(error), problem: messageOf(error) },
        'a lease is not revoked; it ends with its TTL',
      );
    }
  }

  #tell(event: 'renewed' | 'overdue'): void {
    for (const listener of [...this.#listeners]) {
      listener[event]?.();
    }
  }
}
