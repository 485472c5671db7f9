/** What the work queue is handed, and what it hands out. */
import type { BackoffOptions } from '../../backoff.ts';
import type { Clock } from '../../clock.ts';
import type { RetryableError, TerminalError } from '../../errors.ts';

/**
 * What waits behind what: `high` is a real change, `low` is start-up and resync work, and `last` is what nobody is served by at once: the first look at
 * an EtcdService, and what tells of things that have been done already.
 */
export type Priority = 'high' | 'low' | 'last';

/**
 * Whoever has another priority lets those pass that come within so many milliseconds after it, and no others: where more comes all the time than can
 * be done, everybody has a turn.
 */
export const patienceMs: Readonly<Record<Priority, number>> = { high: 0, low: 2000, last: 10_000 };

/** What a handler may ask for: to be run again, though nothing failed. */
export interface Requeue {
  readonly requeueAfterMs: number;
  /** Default `high`. */
  readonly priority?: Priority;
}

/**
 * Works on one key. What it throws decides what follows: {@link TerminalError} nothing, anything else another try with backoff, not before
 * {@link RetryableError.retryAfterMs}. The signal aborts when the queue stops.
 */
export type Handler<Key> = (key: Key, signal: AbortSignal) => Promise<Requeue | undefined>;

/** How a run ended. `panic` is an error of neither kind of ours: a defect, tried again as `error` is. */
export type RunResult = 'success' | 'requeue_after' | 'error' | 'terminal' | 'panic';

/** One run of the handler that has ended. Durations in milliseconds. */
export interface FinishedRun<Key> {
  readonly key: Key;
  readonly result: RunResult;
  readonly durationMs: number;
  /** What the handler threw. */
  readonly error?: unknown;
  /** When it is tried again. */
  readonly retryInMs?: number;
  /** How often in a row the key has failed, this time included. */
  readonly failures: number;
}

/** Told of what happens, for metrics and the log. Must not throw. */
export interface QueueObserver<Key> {
  /** A key was added that was not waiting already. */
  added(): void;
  /** A worker took a key that could have been taken `waitedMs` ago. */
  started(waitedMs: number): void;
  finished(run: FinishedRun<Key>): void;
}

/** What stands now, read when metrics are scraped. */
export interface QueueSnapshot {
  readonly workers: number;
  /** Keys that a free worker would take. */
  readonly waiting: number;
  /** Keys that wait for a moment to come. */
  readonly delayed: number;
  readonly running: number;
  /** How long the running handlers have run so far, all together and the longest. */
  readonly unfinishedMs: number;
  readonly longestRunningMs: number;
}

export interface WorkQueueOptions<Key> {
  readonly clock: Clock;
  readonly observer?: QueueObserver<Key>;
  /** Delay of the tries after a failure. Default 5 ms, 10 ms … 5 min, a fifth of it random. */
  readonly backoff?: BackoffOptions;
  /**
   * The least time between two starts of one key, which coalesces a storm: the first runs at once, what comes within the
   * interval runs together at its end. Default 0.
   */
  readonly minIntervalMs?: number;
  /** How long a stopped queue waits for handlers that run. Default 4 s. */
  readonly drainMs?: number;
}
