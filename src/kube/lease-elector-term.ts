import { type Cancel, elapsedMs, type Moment, momentOf } from '../clock.ts';
import { RunningTerm, type TermDeps } from '../leadership/running-term.ts';
import type { TermEnd } from '../leadership/term.ts';
import type { Grip } from './lease-elector-lease.ts';

/** Timers may stand still while the machine sleeps: at the latest after so long it is looked how much time has passed. */
const LOOK_EVERY_MS = 1000;

/**
 * The term that a Lease carries, as long as its time lasts. That counts from when the last write that was acknowledged was sent; others count
 * from when they see it, which is later.
 */
export class LeaseTerm {
  readonly term: RunningTerm;
  readonly #ttlMs: number;
  readonly #deps: TermDeps;
  #sent: Moment;
  #stopTimer: Cancel | undefined;

  constructor({ number, sent }: Grip, ttlMs: number, deps: TermDeps) {
    this.#sent = sent;
    this.#ttlMs = ttlMs;
    this.#deps = deps;
    const hold = {
      writableMs: () => this.#leftOf(renewDeadlineMs(ttlMs)),
      remainingMs: () => this.#leftOf(ttlMs),
    };
    this.term = new RunningTerm(number, hold, deps);
    this.#watchTime();
  }

  /** A write sent at this moment has been acknowledged now, with the record unchanged. */
  renewed(sent: Moment): void {
    // Whoever was told by then that the time is over must stay right.
    this.#watchTime();
    if (!this.term.signal.aborted) {
      this.#sent = sent;
      this.#watchTime();
    }
  }

  end(reason: TermEnd): void {
    this.#stopTimer?.();
    this.term.end(reason);
  }

  #watchTime(): void {
    this.#stopTimer?.();
    const remainingMs = this.#leftOf(this.#ttlMs);
    const writableMs = this.#leftOf(renewDeadlineMs(this.#ttlMs));
    if (remainingMs <= 0) {
      this.end('lease-lost');
      return;
    }
    if (writableMs <= 0) {
      this.term.suspend();
    } else {
      this.term.resume();
    }
    const nextMs = writableMs > 0 ? writableMs : remainingMs;
    this.#stopTimer = this.#deps.clock.schedule(Math.min(nextMs, LOOK_EVERY_MS), () => this.#watchTime());
  }

  #leftOf(limitMs: number): number {
    return limitMs - elapsedMs(this.#sent, momentOf(this.#deps.clock));
  }
}

/** How long a leader may go without a renewal until nothing leaves any more: 10 s of 15 s, as in client-go. */
export function renewDeadlineMs(ttlMs: number): number {
  return (ttlMs * 2) / 3;
}
