import type { Cancel, Clock } from '../../src/clock.ts';

/** A clock that stands still until a test moves it. All its clocks run together, from different origins. */
export class FakeClock implements Clock {
  readonly #timers = new Set<{ readonly dueMs: number; readonly callback: () => void }>();
  readonly #startMs: number;
  #elapsedMs = 0;
  /** How far the wall clock has been set, forwards or back. */
  #steppedMs = 0;
  /** How long the machine has slept. */
  #asleepMs = 0;

  constructor(startMs = Date.UTC(2026, 0, 1)) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs + this.#asleepMs + this.#steppedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  boottime(): number {
    return 1_000 + this.#elapsedMs + this.#asleepMs;
  }

  schedule(delayMs: number, callback: () => void): Cancel {
    // As Node's own timers: a delay that they cannot hold fires at once.
    const heldMs = delayMs > 2 ** 31 - 1 ? 1 : Math.max(0, delayMs);
    const timer = { dueMs: this.#elapsedMs + heldMs, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  /** Timers that are set: none is left behind by what has been closed. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Sets the wall clock, as an operator or a time server does. */
  stepWallClock(byMs: number): void {
    this.#steppedMs += byMs;
  }

  /** Lets the machine sleep: the monotonic clock and all timers stand still meanwhile. */
  suspend(forMs: number): void {
    this.#asleepMs += forMs;
  }

  /** Moves the time, and runs what falls due on the way at its own time. */
  advance(byMs: number): void {
    const untilMs = this.#elapsedMs + byMs;
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#timers.delete(next);
      this.#elapsedMs = Math.max(this.#elapsedMs, next.dueMs);
      next.callback();
    }
    this.#elapsedMs = untilMs;
  }

  #next(untilMs: number): { readonly dueMs: number; readonly callback: () => void } | undefined {
    const due = [...this.#timers].filter((timer) => timer.dueMs <= untilMs);
    return due.sort((a, b) => a.dueMs - b.dueMs)[0];
  }
}

/** Lets everything run that needs no more than turns of the event loop: promises and immediates, but no timers. */
export async function turns(count = 4): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
