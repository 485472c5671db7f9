import { aborted } from '../../abort.ts';
import { type BackoffOptions, backoffMs } from '../../backoff.ts';
import { type Cancel, type Clock, sleep } from '../../clock.ts';
import { RetryableError, TerminalError } from '../../errors.ts';
import { KeyedHeap } from '../../keyed-heap.ts';
import { afterPromises, longestTurnMs } from '../../pace.ts';
import {
  type Handler,
  type Priority,
  patienceMs,
  type QueueObserver,
  type QueueSnapshot,
  type RunResult,
  type WorkQueueOptions,
} from './queue-types.ts';

export * from './queue-types.ts';

interface Pending {
  readonly priority: Priority;
  /** Order of arrival. */
  readonly sequence: number;
  /** Monotonic milliseconds since when it is wanted. */
  readonly sinceMs: number;
}

interface Delayed {
  readonly dueMs: number;
  readonly priority: Priority;
}

interface Run {
  readonly startedMs: number;
  readonly done: Promise<void>;
}

interface Crew<Key> {
  readonly workers: number;
  readonly handler: Handler<Key>;
  readonly signal: AbortSignal;
}

const defaultBackoff: BackoffOptions = { baseMs: 5, maxMs: 300_000, jitter: 0.2 };

/** The longest delay that a Node timer holds; beyond it one fires at once. */
const maxTimerMs = 2 ** 31 - 1;

/**
 * A queue of keys with the semantics of client-go's (util/workqueue): a key waits once however often it is added; it is never with two
 * workers; added while a worker has it, it is worked on once more afterwards. Adding never loses to anything that happened before: a
 * run starts after every add.
 *
 * A key is in any of these places: `waiting` (a free worker takes it), `running`, `resting` (it ran, and may not start again yet) and
 * `again` (added while running or resting); and, apart from that, in `delayed` and in `returning`. Each holds a key once.
 */
export class WorkQueue<Key extends string = string> {
  readonly #clock: Clock;
  readonly #observer: QueueObserver<Key> | undefined;
  readonly #backoff: BackoffOptions;
  readonly #minIntervalMs: number;
  readonly #drainMs: number;

  readonly #waiting = new KeyedHeap<Key, Pending>(takenBefore);
  /** Those of them that are not there to be the last. */
  readonly #wanted = new Set<Key>();
  readonly #running = new Map<Key, Run>();
  readonly #resting = new KeyedHeap<Key, number>((a, b) => a < b);
  readonly #again = new Map<Key, Pending>();
  readonly #delayed = new KeyedHeap<Key, Delayed>(dueBefore);
  /** Those whose last run has asked to come again: unlike client-go's, the next run that succeeds asks anew, or for nothing. */
  readonly #returning = new KeyedHeap<Key, Delayed>(dueBefore);
  readonly #failures = new Map<Key, number>();

  #crew: Crew<Key> | undefined;
  #stopped: boolean = false;
  #sequence = 0;
  #timer: { readonly dueMs: number; readonly cancel: Cancel } | undefined;
  #turn: NodeJS.Immediate | undefined;

  constructor(options: WorkQueueOptions<Key>) {
    this.#clock = options.clock;
    this.#observer = options.observer;
    this.#backoff = options.backoff ?? defaultBackoff;
    this.#minIntervalMs = options.minIntervalMs ?? 0;
    this.#drainMs = options.drainMs ?? 4000;
  }

  /** Asks for a run of the key that starts after now. An add of a higher priority raises one that waits. */
  add(key: Key, priority: Priority = 'high'): void {
    if (this.#stopped) {
      return;
    }
    const isBusy = this.#isBusy(key);
    const known = (isBusy ? this.#again : this.#waiting).get(key);
    if (known !== undefined && !outranks(priority, known.priority)) {
      return;
    }
    const sinceMs = known?.sinceMs ?? this.#clock.monotonic();
    const pending = { priority, sequence: this.#sequence++, sinceMs };
    if (isBusy) {
      this.#again.set(key, pending);
    } else {
      this.#wait(key, pending);
    }
    if (known === undefined) {
      this.#observer?.added();
    }
    this.#dispatchSoon();
  }

  /** Adds the key when `delayMs` have passed. Of several delayed adds of a key the earliest counts. */
  addAfter(key: Key, delayMs: number, priority: Priority = 'high'): void {
    this.#addLater(this.#delayed, key, delayMs, priority);
  }

  /** Counts a failure of the key and adds it after its backoff, or after `atLeastMs` where that is longer. Returns the delay. */
  addRateLimited(key: Key, atLeastMs = 0, priority: Priority = 'high'): number {
    const failures = this.failures(key);
    const delayMs = Math.max(backoffMs(failures, this.#backoff), atLeastMs);
    if (this.#stopped) {
      return delayMs;
    }
    this.#failures.set(key, failures + 1);
    this.addAfter(key, delayMs, priority);
    return delayMs;
  }

  /** Ends the row of failures of the key: its next backoff starts from the base. */
  forget(key: Key): void {
    this.#failures.delete(key);
  }

  /** How often in a row the key has failed. */
  failures(key: Key): number {
    return this.#failures.get(key) ?? 0;
  }

  /** How many keys a free worker would take. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Whether a key waits that is not there to be the last. */
  get isWanted(): boolean {
    return this.#wanted.size > 0;
  }

  snapshot(): QueueSnapshot {
    const now = this.#clock.monotonic();
    const runningMs = [...this.#running.values()].map((run) => now - run.startedMs);
    return {
      workers: this.#crew?.workers ?? 0,
      waiting: this.#waiting.size,
      delayed: this.#delayed.size + this.#returning.size,
      running: this.#running.size,
      unfinishedMs: runningMs.reduce((sum, ms) => sum + ms, 0),
      longestRunningMs: Math.max(0, ...runningMs),
    };
  }

  /**
   * Works with so many handlers at once until the signal aborts. Then nothing starts any more, and it resolves when the running handlers
   * have ended, or after the drain time with the keys of those that still run. To be called once.
   */
  async run(workers: number, handler: Handler<Key>, signal: AbortSignal): Promise<readonly Key[]> {
    this.#crew = { workers, handler, signal };
    this.#dispatchSoon();
    await aborted(signal);
    this.#stop();
    await this.#drain();
    return [...this.#running.keys()];
  }

  #isBusy(key: Key): boolean {
    return this.#running.has(key) || this.#resting.has(key);
  }

  /**
   * Starts handlers in the next turn of the event loop: what is added in one go is coalesced, nothing runs inside the caller of `add`, and
   * neither thousands of runs that change nothing nor the beginnings of several long ones keep sockets and keepalives waiting.
   */
  #dispatchSoon(): void {
    this.#turn ??= setImmediate(() => this.#dispatch(1, this.#clock.monotonic() + longestTurnMs));
  }

  /** Starts the first, second … handler of a turn, each when the one before has begun: as many as there are workers, unless that time comes before. */
  #dispatch(nth: number, until: number): void {
    const crew = this.#crew;
    const isFree = crew !== undefined && !this.#stopped && this.#running.size < crew.workers;
    const next = isFree ? this.#waiting.pop() : undefined;
    if (crew === undefined || next === undefined) {
      this.#turn = undefined;
      return;
    }
    this.#wanted.delete(next.key);
    this.#start(next.key, next.rank, crew);
    afterPromises(() => {
      if (nth < crew.workers && this.#clock.monotonic() < until) {
        this.#dispatch(nth + 1, until);
      } else {
        this.#turn = undefined;
        this.#dispatchSoon();
      }
    });
  }

  #start(key: Key, pending: Pending, crew: Crew<Key>): void {
    const startedMs = this.#clock.monotonic();
    this.#observer?.started(startedMs - pending.sinceMs);
    const done = Promise.resolve().then(() => this.#work(key, pending.priority, startedMs, crew));
    this.#running.set(key, { startedMs, done });
  }

  /** Never rejects: whatever the handler does is an {@link Ending}. */
  async #work(key: Key, priority: Priority, startedMs: number, crew: Crew<Key>): Promise<void> {
    const ending = await endingOf(crew.handler, key, crew.signal);
    this.#running.delete(key);
    // What ends while the queue stops says nothing about the key: most likely it was told to give up.
    if (this.#stopped) {
      return;
    }
    const now = this.#clock.monotonic();
    this.#rest(key, Math.max(startedMs + this.#minIntervalMs, now + ending.holdMs), now);
    const retryInMs = this.#followUp(key, priority, ending);
    this.#observer?.finished({
      key,
      result: ending.result,
      durationMs: now - startedMs,
      failures: this.failures(key),
      ...('error' in ending && { error: ending.error }),
      ...(retryInMs !== undefined && { retryInMs }),
    });
    this.#dispatchSoon();
  }

  /** Adds the key again where its ending asks for that; returns the delay of another try. */
  #followUp(key: Key, priority: Priority, ending: Ending): number | undefined {
    if (ending.result === 'error' || ending.result === 'panic') {
      return this.addRateLimited(key, ending.holdMs, priority);
    }
    this.forget(key);
    if (ending.result !== 'terminal') {
      this.#returning.delete(key);
    }
    if (ending.requeueAfterMs !== undefined) {
      this.#addLater(this.#returning, key, ending.requeueAfterMs, ending.priority);
    }
    return undefined;
  }

  #addLater(heap: KeyedHeap<Key, Delayed>, key: Key, delayMs: number, priority: Priority = 'high'): void {
    if (this.#stopped) {
      return;
    }
    if (!(delayMs > 0)) {
      this.add(key, priority);
      return;
    }
    const known = heap.get(key);
    const dueMs = Math.min(this.#clock.monotonic() + delayMs, known?.dueMs ?? Number.POSITIVE_INFINITY);
    heap.set(key, { dueMs, priority: higher(priority, known?.priority) });
    this.#armTimer();
  }

  #rest(key: Key, untilMs: number, now: number): void {
    if (untilMs <= now) {
      this.#wake(key);
      return;
    }
    this.#resting.set(key, untilMs);
    this.#armTimer();
  }

  /** The key may start again: what was added meanwhile waits from now on. */
  #wake(key: Key): void {
    const pending = this.#again.get(key);
    if (pending === undefined) {
      return;
    }
    this.#again.delete(key);
    this.#wait(key, pending);
  }

  #wait(key: Key, pending: Pending): void {
    this.#waiting.set(key, pending);
    if (pending.priority !== 'last') {
      this.#wanted.add(key);
    }
  }

  #armTimer(): void {
    const dueMs = Math.min(
      this.#resting.peek()?.rank ?? Number.POSITIVE_INFINITY,
      this.#delayed.peek()?.rank.dueMs ?? Number.POSITIVE_INFINITY,
      this.#returning.peek()?.rank.dueMs ?? Number.POSITIVE_INFINITY,
    );
    if (dueMs === Number.POSITIVE_INFINITY) {
      return;
    }
    if (this.#timer !== undefined && this.#timer.dueMs <= dueMs) {
      return;
    }
    this.#timer?.cancel();
    const delayMs = Math.min(maxTimerMs, Math.max(0, Math.ceil(dueMs - this.#clock.monotonic())));
    this.#timer = { dueMs, cancel: this.#clock.schedule(delayMs, () => this.#tick()) };
  }

  #tick(): void {
    this.#timer = undefined;
    const now = this.#clock.monotonic();
    for (let rested = this.#resting.peek(); rested !== undefined && rested.rank <= now; ) {
      this.#resting.pop();
      this.#wake(rested.key);
      rested = this.#resting.peek();
    }
    for (const heap of [this.#delayed, this.#returning]) {
      for (let due = heap.peek(); due !== undefined && due.rank.dueMs <= now; due = heap.peek()) {
        heap.pop();
        this.add(due.key, due.rank.priority);
      }
    }
    this.#armTimer();
    this.#dispatchSoon();
  }

  #stop(): void {
    this.#stopped = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#waiting.clear();
    this.#wanted.clear();
    this.#resting.clear();
    this.#again.clear();
    this.#delayed.clear();
    this.#returning.clear();
  }

  async #drain(): Promise<void> {
    const drained = new AbortController();
    const allDone = Promise.all([...this.#running.values()].map((run) => run.done));
    await Promise.race([allDone, sleep(this.#clock, this.#drainMs, drained.signal)]);
    drained.abort();
  }
}

/** How a run of the handler ended, before anything follows from it. */
interface Ending {
  readonly result: RunResult;
  readonly requeueAfterMs?: number;
  readonly priority?: Priority | undefined;
  readonly error?: unknown;
  /** How long the key may not start again, as a server asked; 0 where none did. */
  readonly holdMs: number;
}

async function endingOf<Key>(handler: Handler<Key>, key: Key, signal: AbortSignal): Promise<Ending> {
  try {
    const requeue = await handler(key, signal);
    return requeue === undefined
      ? { result: 'success', holdMs: 0 }
      : { result: 'requeue_after', ...requeue, holdMs: 0 };
  } catch (error) {
    if (error instanceof TerminalError) {
      return { result: 'terminal', error, holdMs: 0 };
    }
    if (error instanceof RetryableError) {
      return { result: 'error', error, holdMs: error.retryAfterMs ?? 0 };
    }
    return { result: 'panic', error, holdMs: 0 };
  }
}

function dueBefore(a: Delayed, b: Delayed): boolean {
  return a.dueMs < b.dueMs;
}

function takenBefore(a: Pending, b: Pending): boolean {
  const turnOfA = turnOf(a);
  const turnOfB = turnOf(b);
  return turnOfA === turnOfB ? a.sequence < b.sequence : turnOfA < turnOfB;
}

/** In monotonic milliseconds. */
function turnOf({ sinceMs, priority }: Pending): number {
  return sinceMs + patienceMs[priority];
}

function outranks(a: Priority, b: Priority): boolean {
  return patienceMs[a] < patienceMs[b];
}

function higher(a: Priority, b: Priority | undefined): Priority {
  return b !== undefined && outranks(b, a) ? b : a;
}
