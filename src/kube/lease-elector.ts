import { backoffMs } from '../backoff.ts';
import { sleep } from '../clock.ts';
import { codeOf, messageOf, TerminalError } from '../errors.ts';
import type { Elector, Leader } from '../leadership/elector.ts';
import { LeaderNews } from '../leadership/leader-news.ts';
import type { Term, TermEnd } from '../leadership/term.ts';
import { createKubeClient } from './client.ts';
import { guarded } from './guarded.ts';
import { ContestedLease, type Grip } from './lease-elector-lease.ts';
import { newHolder } from './lease-elector-record.ts';
import { LeaseTerm } from './lease-elector-term.ts';
import type { LeaseElectorDeps, LeaseElectorOptions, LeaseKubeOptions } from './lease-elector-types.ts';
import type { KubeClient } from './types.ts';

const DEFAULT_TTL_SECONDS = 15;
/** Deadline of one call: several tries must fit into the time after which a term is suspended. */
const MAX_CALL_MS = 2000;
/** One call at a time is made; one that was given up may leave a connection behind that cannot be made, and the next must not wait for it. */
const MAX_CONNECTIONS = 8;
/** Part of the pause between two looks that is random, so that replicas do not write in step. */
const JITTER = 0.3;

/**
 * An election on a Lease of Kubernetes by the rules of client-go's tools/leaderelection, with its times: of a TTL of 15 s a leader must renew within
 * 10 s, and everybody looks every 2 s. Unlike there, the time counts from when a renewal was sent, and each term has a number of its own.
 * It needs the verbs get, create and update on the Lease.
 */
export class LeaseElector implements Elector {
  readonly #client: KubeClient;
  readonly #lease: ContestedLease;
  readonly #ttlMs: number;
  readonly #deps: LeaseElectorDeps;
  readonly #news: LeaderNews;
  readonly #tellFailing: (error: Error | undefined) => void;
  readonly #closing = new AbortController();
  #running: Promise<void> = Promise.resolve();
  /** Whether a term of ours lasts: else a record that still names us names no leader. */
  #leads: boolean = false;
  /** What keeps us from reading or writing the Lease. */
  #failure: string | undefined;

  /** Opens nothing yet; throws a TerminalError (KUBE_CONFIG) where the kubeconfig names no apiserver. */
  constructor(kube: LeaseKubeOptions, options: LeaseElectorOptions, deps: LeaseElectorDeps) {
    const { namespace, name, identity, ttlSeconds = DEFAULT_TTL_SECONDS } = options;
    this.#ttlMs = ttlSeconds * 1000;
    this.#deps = deps;
    const callTimeoutMs = Math.min(MAX_CALL_MS, this.#ttlMs / 5);
    this.#client = createKubeClient({ ...kube, callTimeoutMs, maxConnections: MAX_CONNECTIONS }, deps);
    const claimant = { namespace, name, holder: newHolder(identity), ttlSeconds };
    this.#lease = new ContestedLease(this.#client, claimant, deps);
    this.#news = new LeaderNews(deps.log);
    this.#tellFailing = guarded((error) => deps.observer?.failing?.(error), deps.log);
  }

  get leader(): Leader | undefined {
    return this.#news.leader;
  }

  onLeader(listener: (leader: Leader | undefined) => void): () => void {
    return this.#news.onLeader(listener);
  }

  async run(signal: AbortSignal, lead: (term: Term) => Promise<void>): Promise<void> {
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    const running = this.#standUntil(stop, lead);
    this.#running = running.catch(() => undefined);
    await running;
  }

  async close(): Promise<void> {
    this.#closing.abort(new TerminalError('ELECTION_CLOSED', 'the election is closed'));
    await this.#running;
    await this.#client.close();
  }

  async #standUntil(stop: AbortSignal, lead: (term: Term) => Promise<void>): Promise<void> {
    try {
      await this.#standAgainAndAgain(stop, lead);
    } finally {
      await this.#lease.release();
      this.#tellLeader();
    }
  }

  async #standAgainAndAgain(stop: AbortSignal, lead: (term: Term) => Promise<void>): Promise<void> {
    while (!stop.aborted) {
      const grip = await this.#take();
      if (grip === undefined) {
        await this.#pause(stop);
      } else if (stop.aborted || (await this.#reign(grip, lead)) === 'resigned') {
        return;
      }
    }
  }

  async #take(): Promise<Grip | undefined> {
    try {
      const grip = await this.#lease.take();
      this.#report(undefined);
      return grip;
    } catch (error) {
      if (error instanceof TerminalError) {
        throw error;
      }
      this.#report(error);
      return undefined;
    } finally {
      this.#tellLeader();
    }
  }

  /** One term, until it has ended and `lead` has returned. */
  async #reign(grip: Grip, lead: (term: Term) => Promise<void>): Promise<TermEnd> {
    const held = new LeaseTerm(grip, this.#ttlMs, this.#deps);
    if (held.term.state !== 'active') {
      // The answer took so long that there is nothing to begin with.
      held.end('lease-lost');
      return 'lease-lost';
    }
    const close = (): void => held.end('resigned');
    this.#closing.signal.addEventListener('abort', close);
    this.#leads = true;
    this.#tellLeader();
    const renewing = this.#renewAgainAndAgain(held);
    try {
      await lead(held.term);
    } finally {
      held.end('resigned');
      this.#closing.signal.removeEventListener('abort', close);
      await renewing;
      this.#leads = false;
      this.#tellLeader();
    }
    return await held.term.ended;
  }

  async #renewAgainAndAgain(held: LeaseTerm): Promise<void> {
    const { signal } = held.term;
    await this.#pause(signal);
    while (!signal.aborted) {
      const from = this.#deps.clock.monotonic();
      await this.#renew(held);
      await this.#pause(signal, this.#deps.clock.monotonic() - from);
    }
  }

  async #renew(held: LeaseTerm): Promise<void> {
    try {
      const sent = await this.#lease.renew(held.term.number);
      this.#report(undefined);
      if (sent === undefined) {
        held.end('key-lost');
      } else {
        held.renewed(sent);
      }
    } catch (error) {
      this.#report(error);
    } finally {
      this.#tellLeader();
    }
  }

  /** Waits until it is time to look again: regularly, and at once when the leader's time is over. What the last look took counts. */
  async #pause(signal: AbortSignal, tookMs = 0): Promise<void> {
    const { clock, random = Math.random } = this.#deps;
    const retryMs = retryPeriodMs(this.#ttlMs);
    const jitteredMs = backoffMs(0, { baseMs: retryMs, maxMs: retryMs, jitter: JITTER, random });
    const heldMs = this.#lease.leader === undefined ? Number.POSITIVE_INFINITY : this.#lease.remainingMs;
    await sleep(clock, Math.max(0, Math.min(jitteredMs - tookMs, heldMs)), signal);
  }

  /** Tells of failures when they come, change or go. */
  #report(error: unknown): void {
    const failure = error === undefined ? undefined : messageOf(error);
    if (failure === this.#failure) {
      return;
    }
    this.#failure = failure;
    if (error === undefined) {
      this.#deps.log.info({}, 'The Lease of the election can be read and written again');
    } else {
      this.#deps.log.warn(
        { reason: codeOf(error), problem: failure },
        'The Lease of the election fails; it is tried again',
      );
    }
    this.#tellFailing(error === undefined || error instanceof Error ? error : new Error(failure));
  }

  #tellLeader(): void {
    const { leader } = this.#lease;
    this.#news.tell(leader?.own === true && !this.#leads ? undefined : leader);
  }
}

/** Time between two looks at the Lease: 2 s of 15 s, as in client-go. */
function retryPeriodMs(ttlMs: number): number {
  return (ttlMs * 2) / 15;
}
