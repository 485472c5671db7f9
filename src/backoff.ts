/** How the delay between tries grows. Times in milliseconds. */
export interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Share of the delay that is random, 0 to 1, so that many replicas do not try in step. */
  readonly jitter: number;
  readonly random?: () => number;
}

/** Delay before try number `attempt` (0 is the first repetition): base × 2^attempt, capped, then jittered downwards. */
export function backoffMs(attempt: number, options: BackoffOptions): number {
  const capped = Math.min(options.maxMs, options.baseMs * 2 ** Math.min(attempt, 52));
  return capped * (1 - options.jitter * (options.random ?? Math.random)());
}
