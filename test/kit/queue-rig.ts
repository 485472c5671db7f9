import { onTestFinished } from 'vitest';
import {
  type FinishedRun,
  type Requeue,
  WorkQueue,
  type WorkQueueOptions,
} from '../../src/controller/queue/work-queue.ts';
import { FakeClock, turns } from './fake-clock.ts';

/** A handler under way, which ends when a test says how. */
export interface RunningHandler {
  succeed(requeue?: Requeue): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** What a test may set of the queue: there is a clock, an observer, and a backoff without random parts. */
export type QueueRigOptions = Omit<WorkQueueOptions<string>, 'clock' | 'observer'>;

/** A queue with handlers that end when the test says so. It stops when the test ends. */
export class QueueRig {
  readonly clock: FakeClock = new FakeClock();
  /** Keys in the order in which they were started. */
  readonly started: string[] = [];
  readonly finished: FinishedRun<string>[] = [];
  /** How long each key had waited when it was started. */
  readonly waitedMs: number[] = [];
  readonly queue: WorkQueue;
  readonly #running = new Map<string, RunningHandler>();
  readonly #stop = new AbortController();
  /** How often a key was added that was not waiting already. */
  added: number = 0;

  constructor(options: QueueRigOptions = {}) {
    this.queue = new WorkQueue({
      backoff: { baseMs: 5, maxMs: 300_000, jitter: 0 },
      ...options,
      clock: this.clock,
      observer: {
        added: () => {
          this.added += 1;
        },
        started: (waitedMs) => this.waitedMs.push(waitedMs),
        finished: (run) => this.finished.push(run),
      },
    });
    onTestFinished(() => this.#end());
  }

  /** Begins to work with so many workers; resolves when the queue has stopped, with the keys whose handlers still run. */
  work(workers: number): Promise<readonly string[]> {
    return this.queue.run(
      workers,
      (key) =>
        new Promise((resolve, reject) => {
          this.started.push(key);
          const end = (how: () => void): Promise<void> => {
            this.#running.delete(key);
            how();
            return turns();
          };
          this.#running.set(key, {
            succeed: (requeue) => end(() => resolve(requeue)),
            fail: (error) => end(() => reject(error)),
          });
        }),
      this.#stop.signal,
    );
  }

  /** The handler of a key that is worked on. */
  running(key: string): RunningHandler {
    const running = this.#running.get(key);
    if (running === undefined) {
      throw new Error(`${key} is not running`);
    }
    return running;
  }

  get runningKeys(): string[] {
    return [...this.#running.keys()];
  }

  /** Adds keys, one after the other, and lets the workers take them. */
  async add(...keys: string[]): Promise<void> {
    for (const key of keys) {
      this.queue.add(key);
    }
    await turns();
  }

  /** Moves the time, and lets the workers take what is due by then. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await turns();
  }

  /** Tells the queue to stop. */
  abort(): void {
    this.#stop.abort();
  }

  /** Stops, and moves the time beyond what a queue waits for handlers. */
  async #end(): Promise<void> {
    this.#stop.abort();
    await turns();
    this.clock.advance(60_000);
    await turns();
  }
}

/** A queue that is worked on already. */
export function started(workers = 1, options: QueueRigOptions = {}): QueueRig {
  const rig = new QueueRig(options);
  void rig.work(workers);
  return rig;
}
