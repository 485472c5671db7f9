import { onAbort } from '../../abort.ts';
import { backoffMs } from '../../backoff.ts';
import { sleep } from '../../clock.ts';
import { codeOf, hasCode, messageOf, TerminalError } from '../../errors.ts';
import type { Elector, Leader } from '../../leadership/elector.ts';
import { RunningTerm } from '../../leadership/running-term.ts';
import type { Term } from '../../leadership/term.ts';
import { bounded } from '../bounded.ts';
import type { EtcdCalls } from '../client/client.ts';
import { isOutage } from '../errors.ts';
import { showKey } from '../key.ts';
import type { Lease } from '../lease/lease.ts';
import { LeaseKeeper } from '../lease/lease-keeper.ts';
import { checkTtl } from '../lease/lease-ttl.ts';
import { keyLostError, stand, withdraw } from './candidacy.ts';
import { checkElectionName } from './election-name.ts';
import { ElectionReport } from './election-report.ts';
import type { ElectionDeps, ElectionOptions } from './election-types.ts';
import { ElectionView } from './election-view.ts';
import { type Candidate, isSameCandidacy, obstaclesFor, type Position, positionOf } from './standings.ts';

const defaultTtlSeconds = 15;
const ttlRule = {
  option: '--lease-ttl',
  leastSeconds: 5,
  reason: 'every short pause of etcd or of this process would end the term needlessly',
};
const outageBackoff = { baseMs: 50, maxMs: 500, jitter: 0.5 };
const refusalBackoff = { baseMs: 500, maxMs: 10_000, jitter: 0.3 };
/** With the lease’s own limit well within the five seconds that a process has for its end. */
const withdrawLimitMs = 1_000;

/** What ends a session besides its lease: the candidate stands again, or the election has been left. */
type SessionEnd = 'stand-again' | 'left';

/**
 * An election by the keys and the order of etcd's own Go client, which can stand against us and watch us. Unlike there, a candidate reads its own key
 * back and looks at its lease before it leads, and its term is over as soon as either is. It uses the client but does not own it.
 */
export class Election implements Elector {
  readonly #client: EtcdCalls;
  readonly #options: ElectionOptions;
  readonly #deps: ElectionDeps;
  readonly #leases: LeaseKeeper;
  readonly #view: ElectionView;
  readonly #report: ElectionReport;
  readonly #closing = new AbortController();
  #running: Promise<void> = Promise.resolve();
  /** Sessions that failed since we last stood. */
  #failures = 0;

  /** Throws a TerminalError that names the option where the options cannot be right. */
  constructor(client: EtcdCalls, options: ElectionOptions, deps: ElectionDeps) {
    const { name, ttlSeconds = defaultTtlSeconds } = options;
    checkElectionName(name);
    checkTtl(ttlSeconds, ttlRule);
    this.#client = client;
    this.#options = options;
    this.#deps = deps;
    this.#leases = new LeaseKeeper(client, { ttlSeconds }, deps);
    this.#view = new ElectionView(client, name, deps);
    this.#report = new ElectionReport(deps);
  }

  get leader(): Leader | undefined {
    return this.#report.leader;
  }

  onLeader(listener: (leader: Leader | undefined) => void): () => void {
    return this.#report.onLeader(listener);
  }

  async run(signal: AbortSignal, lead: (term: Term) => Promise<void>): Promise<void> {
    const stop = AbortSignal.any([signal, this.#closing.signal]);
    const running = this.#standAgainAndAgain(stop, lead);
    this.#running = running.catch(() => {});
    await running;
  }

  async close(): Promise<void> {
    this.#closing.abort(new TerminalError('ELECTION_CLOSED', 'the election is closed'));
    await this.#running;
    await Promise.all([this.#leases.close(), this.#view.close()]);
  }

  async #standAgainAndAgain(stop: AbortSignal, lead: (term: Term) => Promise<void>): Promise<void> {
    while (!stop.aborted) {
      try {
        if ((await this.#session(stop, lead)) === 'left') {
          return;
        }
      } catch (error) {
        if (hasCode(error, 'LEAD_FAILED') || (error instanceof TerminalError && !stop.aborted)) {
          throw error;
        }
        await this.#rest(error, stop);
      }
    }
  }

  /** One lease, one candidacy, at most one term. */
  async #session(stop: AbortSignal, lead: (term: Term) => Promise<void>): Promise<SessionEnd> {
    const lease = await this.#leases.grant(stop, (error) => this.#report.failing(error));
    try {
      const signal = AbortSignal.any([stop, lease.signal]);
      const own = await stand(this.#client, lease, this.#options, signal);
      this.#failures = 0;
      this.#report.standing(own);
      try {
        await this.#untilFirst(own, lease, signal);
        return await this.#reign(own, lease, stop, lead);
      } finally {
        await this.#withdraw(own, lease);
      }
    } finally {
      await this.#giveUp(lease);
    }
  }

  /** Returns when nobody is before us, our key is there as we created it, and the lease is sound. */
  async #untilFirst(own: Candidate, lease: Lease, signal: AbortSignal): Promise<void> {
    for (;;) {
      const position = await this.#look(own, signal);
      signal.throwIfAborted();
      if (position === 'gone') {
        throw keyLostError(own.key);
      }
      if (position === 'first' && lease.untilOverdueMs() > 0) {
        return;
      }
      await this.#view.changed(signal);
    }
  }

  async #reign(
    own: Candidate,
    lease: Lease,
    stop: AbortSignal,
    lead: (term: Term) => Promise<void>,
  ): Promise<SessionEnd> {
    const hold = { writableMs: () => lease.untilOverdueMs(), remainingMs: () => lease.remainingMs() };
    const term = new RunningTerm(own.createRevision, hold, this.#deps);
    const ends = [
      lease.listen({
        overdue: () => term.suspend(),
        renewed: () => {
          if (term.state === 'suspended') {
            this.#view.lookAgain();
          }
        },
      }),
      onAbort(lease.signal, () => term.end('lease-lost')),
      this.#view.onChange((changes) => {
        const change = changes.find(({ key }) => key === own.key);
        if (change !== undefined && !isSameCandidacy(own, change.registration)) {
          term.end('key-lost');
        }
      }),
      onAbort(this.#closing.signal, () => term.end('resigned')),
    ];
    this.#deps.log.info({ term: term.number, key: showKey(own.key) }, 'we lead');
    const overseeing = this.#oversee(term, own, lease);
    try {
      await lead(term);
    } catch (cause) {
      throw new TerminalError('LEAD_FAILED', `what leads has failed: ${messageOf(cause)}`, { cause });
    } finally {
      term.end('resigned');
      this.#report.deposed(own);
      for (const end of ends) {
        end();
      }
      await overseeing;
    }
    return (await term.ended) === 'resigned' && !stop.aborted ? 'left' : 'stand-again';
  }

  /** Looks after our key as long as the term lasts. A suspended term goes on once the key is found unchanged and the lease renewed. */
  async #oversee(term: RunningTerm, own: Candidate, lease: Lease): Promise<void> {
    while (!term.signal.aborted) {
      await this.#view.changed(term.signal);
      const position = await this.#look(own, term.signal);
      if (position === 'first' && lease.untilOverdueMs() > 0) {
        term.resume();
      } else if (position !== undefined && position !== 'first') {
        // Nobody can come before us, unless etcd was put back to an older state.
        term.end('key-lost');
      }
    }
  }

  /** Where we stand; undefined where that cannot be had now. */
  async #look(own: Candidate, signal: AbortSignal): Promise<Position | undefined> {
    try {
      const standings = await this.#view.read(signal);
      this.#report.failing(undefined);
      this.#report.seen(own, standings, obstaclesFor(own, standings));
      return positionOf(own, standings);
    } catch (error) {
      if (!signal.aborted) {
        this.#report.failing(error);
        await this.#pause(outageBackoff.maxMs, signal);
        this.#view.lookAgain();
      }
      return undefined;
    }
  }

  /** The key of a lost lease goes as the lease is being revoked, which must not keep us from standing again. */
  async #withdraw(own: Candidate, lease: Lease): Promise<void> {
    if (lease.loss !== undefined) {
      return;
    }
    const { clock, log } = this.#deps;
    try {
      await bounded(clock, withdrawLimitMs, (signal) => withdraw(this.#client, own, signal));
    } catch (error) {
      log.info(
        { key: showKey(own.key), reason: codeOf(error), problem: messageOf(error) },
        'our election key is not deleted; it goes with its lease',
      );
    }
  }

  async #giveUp(lease: Lease): Promise<void> {
    if (lease.loss === undefined) {
      await lease.close();
    } else {
      this.#report.leaseLost(lease.loss);
    }
  }

  async #rest(error: unknown, stop: AbortSignal): Promise<void> {
    if (stop.aborted) {
      return;
    }
    if (!hasCode(error, 'LEASE_LOST')) {
      this.#report.failing(error);
    }
    const { random = Math.random } = this.#deps;
    const backoff = isOutage(error) || hasCode(error, 'LEASE_LOST') ? outageBackoff : refusalBackoff;
    await this.#pause(backoffMs(this.#failures, { ...backoff, random }), stop);
    this.#failures += 1;
  }

  async #pause(delayMs: number, signal: AbortSignal): Promise<void> {
    await sleep(this.#deps.clock, delayMs, signal);
  }
}
