import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../../test/kit/fake-clock.ts';
import { RetryableError, TerminalError } from '../../errors.ts';
import { type Priority, patienceMs, type Requeue, WorkQueue } from './work-queue.ts';

const workers = 2;
const minIntervalMs = 50;
const baseMs = 10;

/** The highest first. */
const priorities: readonly Priority[] = ['high', 'low', 'last'];

function higher(a: Priority, b: Priority | undefined): Priority {
  return priorities.find((priority) => priority === a || priority === b) ?? a;
}

/** When the run that is owed has its turn. */
function turnOf({ owed }: KeyState): number {
  return owed === undefined ? Number.POSITIVE_INFINITY : owed.sinceMs + patienceMs[owed.priority];
}

type Outcome = 'success' | 'requeue' | 'error' | 'retry-after' | 'terminal';

/** What the naive model knows of a key. */
interface KeyState {
  /** The run that is owed, where one is, and since when. */
  owed: { readonly priority: Priority; readonly sinceMs: number } | undefined;
  /** When a run will be owed, and how urgent. */
  delayed: { readonly dueMs: number; readonly priority: Priority } | undefined;
  /** When the last run wants another one, as long as no other run has said better. */
  returns: { readonly dueMs: number; readonly priority: Priority } | undefined;
  running: { readonly startedMs: number; readonly priority: Priority } | undefined;
  restUntilMs: number;
  failures: number;
}

/** What must hold of any queue, said the plainest way: every key looked at every time. */
class Model {
  now = 0;
  readonly keys = new Map<string, KeyState>();

  key(name: string): KeyState {
    const known = this.keys.get(name) ?? {
      owed: undefined,
      delayed: undefined,
      returns: undefined,
      running: undefined,
      restUntilMs: 0,
      failures: 0,
    };
    this.keys.set(name, known);
    return known;
  }

  owe(name: string, priority: Priority, sinceMs = this.now): void {
    const key = this.key(name);
    const { owed } = key;
    key.owed = { priority: higher(priority, owed?.priority), sinceMs: owed?.sinceMs ?? sinceMs };
  }

  oweAfter(name: string, delayMs: number, priority: Priority): void {
    const key = this.key(name);
    const dueMs = Math.min(this.now + delayMs, key.delayed?.dueMs ?? Number.POSITIVE_INFINITY);
    key.delayed = { dueMs, priority: higher(priority, key.delayed?.priority) };
  }

  advance(byMs: number): void {
    this.now += byMs;
    for (const [name, key] of this.keys) {
      const isDue = (when: KeyState['delayed']): boolean => when !== undefined && when.dueMs <= this.now;
      const due = [key.delayed, key.returns].filter((when) => when !== undefined).filter(isDue);
      for (const { priority, dueMs } of due.toSorted((a, b) => a.dueMs - b.dueMs)) {
        this.owe(name, priority, dueMs);
      }
      key.delayed = isDue(key.delayed) ? undefined : key.delayed;
      key.returns = isDue(key.returns) ? undefined : key.returns;
    }
  }

  /** Keys that a free worker must take now. */
  get eligible(): readonly KeyState[] {
    return [...this.keys.values()].filter(
      (key) => key.owed !== undefined && key.running === undefined && key.restUntilMs <= this.now,
    );
  }

  get running(): readonly string[] {
    return [...this.keys].flatMap(([name, key]) => (key.running === undefined ? [] : [name])).sort();
  }

  /** A worker took the key: was that right? */
  start(name: string): void {
    const key = this.key(name);
    expect(key.running, `${name} with two workers`).toBeUndefined();
    expect(this.eligible, `${name} started, though it is not owed or rests`).toContain(key);
    expect(this.running.length).toBeLessThan(workers);
    expect(turnOf(key), `${name} started before its turn`).toBe(Math.min(...this.eligible.map(turnOf)));
    key.running = { startedMs: this.now, priority: key.owed?.priority ?? 'high' };
    key.owed = undefined;
  }

  end(name: string, outcome: Outcome): void {
    const key = this.key(name);
    const priority = key.running?.priority ?? 'high';
    key.restUntilMs = (key.running?.startedMs ?? 0) + minIntervalMs;
    key.running = undefined;
    if (outcome === 'error' || outcome === 'retry-after') {
      const backoff = baseMs * 2 ** key.failures;
      if (outcome === 'retry-after') {
        key.restUntilMs = Math.max(key.restUntilMs, this.now + 200);
      }
      this.oweAfter(name, outcome === 'retry-after' ? Math.max(200, backoff) : backoff, priority);
      key.failures += 1;
      return;
    }
    key.failures = 0;
    if (outcome !== 'terminal') {
      key.returns = outcome === 'requeue' ? { dueMs: this.now + 70, priority: 'high' } : undefined;
    }
  }
}

/** The queue under test, with handlers that end when a command says so. */
class Real {
  readonly clock = new FakeClock();
  readonly queue = new WorkQueue({
    clock: this.clock,
    minIntervalMs,
    backoff: { baseMs, maxMs: 300_000, jitter: 0 },
  });
  readonly starts: string[] = [];
  readonly running = new Map<string, { resolve(requeue?: Requeue): void; reject(error: unknown): void }>();
  readonly #stop = new AbortController();
  readonly #ended: Promise<unknown>;

  constructor() {
    this.#ended = this.queue.run(
      workers,
      (key) =>
        new Promise((resolve, reject) => {
          this.starts.push(key);
          this.running.set(key, { resolve, reject });
        }),
      this.#stop.signal,
    );
  }

  end(key: string, outcome: Outcome): void {
    const handler = this.running.get(key);
    this.running.delete(key);
    if (outcome === 'success') {
      handler?.resolve();
    }
    if (outcome === 'requeue') {
      handler?.resolve({ requeueAfterMs: 70 });
    }
    if (outcome === 'error') {
      handler?.reject(new RetryableError('KUBE_UNAVAILABLE', 'away'));
    }
    if (outcome === 'retry-after') {
      handler?.reject(new RetryableError('KUBE_TOO_MANY_REQUESTS', 'busy', { retryAfterMs: 200 }));
    }
    if (outcome === 'terminal') {
      handler?.reject(new TerminalError('KUBE_INVALID', 'wrong'));
    }
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    for (const key of [...this.running.keys()]) {
      this.end(key, 'success');
    }
    await this.#ended;
  }
}

/** Lets the queue do what it can, and holds each start against the model: nothing wrong was started, and nothing was left. */
async function settle(model: Model, real: Real): Promise<void> {
  await turns();
  for (const key of real.starts.splice(0)) {
    model.start(key);
  }
  expect([...real.running.keys()].sort()).toEqual(model.running);
  if (model.running.length < workers) {
    expect(model.eligible, 'owed, but not started').toEqual([]);
  }
}

type Command = fc.AsyncCommand<Model, Real>;

function command(text: string, run: (model: Model, real: Real) => void, check = (_: Model) => true): Command {
  return {
    check: (model) => check(model as Model),
    run: async (model, real) => {
      run(model, real);
      await settle(model, real);
    },
    toString: () => text,
  };
}

const keys = fc.constantFrom('a', 'b', 'c', 'd');
const somePriority = fc.constantFrom(...priorities);
const outcomes = fc.constantFrom<Outcome>('success', 'requeue', 'error', 'retry-after', 'terminal');

const add = fc.tuple(keys, somePriority).map(([key, priority]) =>
  command(`add ${key} ${priority}`, (model, real) => {
    model.owe(key, priority);
    real.queue.add(key, priority);
  }),
);

const addAfter = fc.tuple(keys, fc.integer({ min: 1, max: 120 }), somePriority).map(([key, ms, priority]) =>
  command(`add ${key} after ${ms}`, (model, real) => {
    model.oweAfter(key, ms, priority);
    real.queue.addAfter(key, ms, priority);
  }),
);

const advance = fc.integer({ min: 1, max: 150 }).map((ms) =>
  command(`advance ${ms}`, (model, real) => {
    model.advance(ms);
    real.clock.advance(ms);
  }),
);

const end = fc.tuple(keys, outcomes).map(([key, outcome]) =>
  command(
    `end ${key} ${outcome}`,
    (model, real) => {
      model.end(key, outcome);
      real.end(key, outcome);
    },
    (model) => model.key(key).running !== undefined,
  ),
);

describe('the work queue, whatever is done to it', () => {
  it('loses nothing, runs nothing twice at once, early or unasked, and leaves no worker idle', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.commands([add, addAfter, advance, end], { maxCommands: 60, size: 'max' }),
        async (commands) => {
          const model = new Model();
          const real = new Real();
          try {
            await fc.asyncModelRun(() => ({ model, real }), commands);
            await finishAll(model, real);
          } finally {
            await real.stop();
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** Whatever is still owed is worked on when all handlers succeed and time passes. */
async function finishAll(model: Model, real: Real): Promise<void> {
  for (let round = 0; round < 20; round += 1) {
    for (const key of model.running) {
      model.end(key, 'success');
      real.end(key, 'success');
    }
    await settle(model, real);
    model.advance(100_000);
    real.clock.advance(100_000);
    await settle(model, real);
  }
  const left = [...model.keys].filter(([, key]) => key.owed ?? key.delayed ?? key.running);
  expect(left).toEqual([]);
  expect(real.queue.snapshot()).toMatchObject({ waiting: 0, delayed: 0, running: 0 });
}
