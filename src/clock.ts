import { uptime } from 'node:os';

/**
 * The clock seam: everything that waits or measures is handed a clock, so that tests decide what time it is.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch, for timestamps that people read. It may step. */
  now(): number;
  /** Monotonic time in milliseconds, for durations and deadlines. It never steps; the origin is arbitrary. */
  monotonic(): number;
  /**
   * Milliseconds since the machine was started, the time included that it slept, which `monotonic` may leave out. It never steps; it may be
   * coarse. Without it, `monotonic` alone counts.
   */
  boottime?(): number;
  /** Calls `callback` once after `delayMs`; returns a function that cancels it. Owners cancel their timers on close. */
  schedule(delayMs: number, callback: () => void): Cancel;
}

/** Cancels what it was returned for; calling it again, or too late, does nothing. */
export type Cancel = () => void;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  boottime: () => uptime() * 1_000,
  schedule(delayMs, callback) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
};

/** Resolves after `delayMs`, or at once when `signal` aborts; never rejects: the caller looks at the signal. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const done = (): void => {
      cancel();
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const cancel = clock.schedule(delayMs, done);
    signal?.addEventListener('abort', done, { once: true });
  });
}

/** A moment by both clocks that never step. */
export interface Moment {
  readonly monotonic: number;
  readonly boottime: number | undefined;
}

export function momentOf(clock: Clock): Moment {
  return { monotonic: clock.monotonic(), boottime: clock.boottime?.() };
}

/** Milliseconds between two moments by whichever clock says more: time that a machine or process was asleep has passed too. */
export function elapsedMs(from: Moment, to: Moment): number {
  const running = to.monotonic - from.monotonic;
  return from.boottime === undefined || to.boottime === undefined
    ? running
    : Math.max(running, to.boottime - from.boottime);
}
