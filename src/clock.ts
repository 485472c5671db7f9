/**
 * The clock seam: everything that waits or measures is handed a clock, so that tests decide what time it is.
 */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch, for timestamps that people read. It may step. */
  now(): number;
  /** Monotonic time in milliseconds, for durations and deadlines. It never steps; the origin is arbitrary. */
  monotonic(): number;
  /** Calls `callback` once after `delayMs`; returns a function that cancels it. Owners cancel their timers on close. */
  schedule(delayMs: number, callback: () => void): Cancel;
}

/** Cancels what it was returned for; calling it again, or too late, does nothing. */
export type Cancel = () => void;

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
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
