import { afterEach, describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../../test/kit/fake-clock.ts';
import { RetryableError, TerminalError } from '../../errors.ts';
import { type FinishedRun, type Requeue, WorkQueue, type WorkQueueOptions } from './work-queue.ts';

interface Running {
  succeed(requeue?: Requeue): Promise<void>;
  fail(error: unknown): Promise<void>;
}

const rigs: Rig[] = [];

afterEach(async () => {
  await Promise.all(rigs.splice(0).map((rig) => rig.stop()));
});

/** A queue with handlers that end when the test says so. */
class Rig {
  readonly clock = new FakeClock();
  /** Keys in the order in which they were started. */
  readonly started: string[] = [];
  readonly finished: FinishedRun<string>[] = [];
  readonly waitedMs: number[] = [];
  readonly queue: WorkQueue;
  readonly #running = new Map<string, Running>();
  readonly #stop = new AbortController();
  added = 0;

  constructor(options: Omit<WorkQueueOptions<string>, 'clock' | 'observer'> = {}) {
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
    rigs.push(this);
  }

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

  running(key: string): Running {
    const running = this.#running.get(key);
    if (running === undefined) {
      throw new Error(`${key} is not running`);
    }
    return running;
  }

  get runningKeys(): string[] {
    return [...this.#running.keys()];
  }

  async add(...keys: string[]): Promise<void> {
    for (const key of keys) {
      this.queue.add(key);
    }
    await turns();
  }

  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    await turns();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await turns();
    this.clock.advance(60_000);
    await turns();
  }

  abort(): void {
    this.#stop.abort();
  }
}

function started(workers = 1, options: ConstructorParameters<typeof Rig>[0] = {}): Rig {
  const rig = new Rig(options);
  void rig.work(workers);
  return rig;
}

describe('a key in the work queue', () => {
  it('is worked on at once when it is alone', async () => {
    const rig = started();
    await rig.add('shop/web');
    expect(rig.started).toEqual(['shop/web']);
    expect(rig.waitedMs).toEqual([0]);
  });

  it('waits once however often it is added', async () => {
    const rig = new Rig();
    await rig.add('a', 'a', 'b', 'a');
    expect(rig.queue.snapshot().waiting).toBe(2);
    expect(rig.added).toBe(2);
    void rig.work(5);
    await turns();
    expect(rig.started).toEqual(['a', 'b']);
  });

  it('is never with two workers, and is worked on once more when it was added meanwhile', async () => {
    const rig = started(5);
    await rig.add('a');
    await rig.add('a', 'a');
    expect(rig.started).toEqual(['a']);
    await rig.running('a').succeed();
    expect(rig.started).toEqual(['a', 'a']);
    await rig.running('a').succeed();
    expect(rig.started).toEqual(['a', 'a']);
  });

  it('that adds itself from within its own handler runs again afterwards, not beside itself', async () => {
    const rig = new Rig();
    const stop = new AbortController();
    let atOnce = 0;
    let most = 0;
    let runs = 0;
    const ended = rig.queue.run(
      4,
      async (key) => {
        atOnce += 1;
        most = Math.max(most, atOnce);
        runs += 1;
        if (runs < 5) {
          rig.queue.add(key);
        }
        await turns(1);
        atOnce -= 1;
        return undefined;
      },
      stop.signal,
    );
    rig.queue.add('a');
    await turns(40);
    stop.abort();
    await ended;
    expect({ most, runs }).toEqual({ most: 1, runs: 5 });
  });

  it('leaves the worker when it has run, whatever else waits', async () => {
    const rig = started(2);
    await rig.add('a', 'b', 'c', 'd');
    expect(rig.runningKeys).toEqual(['a', 'b']);
    await rig.running('b').succeed();
    expect(rig.runningKeys).toEqual(['a', 'c']);
  });
});

describe('priorities', () => {
  it('let real changes pass start-up work, and keep the order of arrival within each', async () => {
    const rig = new Rig();
    for (const key of ['low1', 'low2', 'low3']) {
      rig.queue.add(key, 'low');
    }
    for (const key of ['high1', 'high2']) {
      rig.queue.add(key, 'high');
    }
    void rig.work(10);
    await turns();
    expect(rig.started).toEqual(['high1', 'high2', 'low1', 'low2', 'low3']);
  });

  it('raise a waiting low key when it really changes, and never lower one', async () => {
    const rig = new Rig();
    for (const key of ['a', 'b', 'c']) {
      rig.queue.add(key, 'low');
    }
    rig.queue.add('c', 'high');
    rig.queue.add('c', 'low');
    void rig.work(10);
    await turns();
    expect(rig.started).toEqual(['c', 'a', 'b']);
  });
});

describe('a delayed add', () => {
  it('takes effect at its time and not before', async () => {
    const rig = started();
    rig.queue.addAfter('a', 1000);
    await rig.advance(999);
    expect(rig.started).toEqual([]);
    await rig.advance(1);
    expect(rig.started).toEqual(['a']);
  });

  it('counts once for a key, at the earliest of the times asked for', async () => {
    const rig = started();
    rig.queue.addAfter('a', 1000);
    rig.queue.addAfter('a', 300);
    rig.queue.addAfter('a', 2000);
    expect(rig.queue.snapshot().delayed).toBe(1);
    await rig.advance(300);
    await rig.running('a').succeed();
    await rig.advance(10_000);
    expect(rig.started).toEqual(['a']);
  });

  it('of a key that runs when its time comes is worked on afterwards', async () => {
    const rig = started();
    rig.queue.addAfter('a', 100);
    await rig.add('a');
    await rig.advance(100);
    expect(rig.started).toEqual(['a']);
    await rig.running('a').succeed();
    expect(rig.started).toEqual(['a', 'a']);
  });

  it('holds one timer for any number of keys', () => {
    const rig = started();
    for (let index = 0; index < 1000; index += 1) {
      rig.queue.addAfter(`key${index}`, 1000 + index);
    }
    expect(rig.clock.pending).toBe(1);
  });

  it('beyond what a timer holds still comes at its time', async () => {
    const rig = started();
    const days = 24 * 3_600_000;
    rig.queue.addAfter('a', 40 * days);
    await rig.advance(39 * days);
    expect(rig.started).toEqual([]);
    await rig.advance(days);
    expect(rig.started).toEqual(['a']);
  });

  it.each([0, -1, Number.NaN])('of %s ms is an add', async (delayMs) => {
    const rig = started();
    rig.queue.addAfter('a', delayMs);
    await turns();
    expect(rig.started).toEqual(['a']);
  });
});

describe('a handler that fails', () => {
  const conflict = new RetryableError('SLICE_APPEARED', 'changed meanwhile');

  it('is tried again with a delay that doubles, until it succeeds', async () => {
    const rig = started();
    await rig.add('a');
    for (const delayMs of [5, 10, 20, 40]) {
      await rig.running('a').fail(conflict);
      expect(rig.finished.at(-1)).toMatchObject({ result: 'error', retryInMs: delayMs, error: conflict });
      await rig.advance(delayMs - 1);
      expect(rig.runningKeys).toEqual([]);
      await rig.advance(1);
    }
    expect(rig.queue.failures('a')).toBe(4);
    await rig.running('a').succeed();
    expect(rig.queue.failures('a')).toBe(0);
  });

  it('waits five minutes at most, a part of it random', async () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    const delays = Array.from({ length: 40 }, () => queue.addRateLimited('a'));
    expect(Math.max(...delays)).toBeLessThanOrEqual(300_000);
    expect(Math.min(...delays.slice(20))).toBeGreaterThanOrEqual(240_000);
    expect(new Set(delays.slice(20)).size).toBeGreaterThan(15);
  });

  it('does not run again before the time that the server asked for, even when its key changes', async () => {
    const rig = started();
    await rig.add('a');
    await rig
      .running('a')
      .fail(new RetryableError('KUBE_TOO_MANY_REQUESTS', 'slow down', { retryAfterMs: 2000 }));
    expect(rig.finished[0]).toMatchObject({ retryInMs: 2000 });
    await rig.add('a');
    await rig.advance(1999);
    expect(rig.started).toEqual(['a']);
    await rig.advance(1);
    expect(rig.started).toEqual(['a', 'a']);
  });

  it('runs at once when its key changes while it waits for its retry', async () => {
    const rig = started();
    await rig.add('a');
    for (const delayMs of [5, 10, 20, 40, 80]) {
      await rig.running('a').fail(conflict);
      await rig.advance(delayMs);
    }
    await rig.running('a').fail(conflict);
    const before = rig.started.length;
    await rig.add('a');
    expect(rig.started.length).toBe(before + 1);
  });

  it('for good is not tried again until its key is added', async () => {
    const rig = started();
    await rig.add('a');
    const error = new TerminalError('KUBE_INVALID', 'the name is taken');
    await rig.running('a').fail(error);
    await rig.advance(3_600_000);
    expect(rig.started).toEqual(['a']);
    expect(rig.finished).toEqual([{ key: 'a', result: 'terminal', durationMs: 0, failures: 0, error }]);
    await rig.add('a');
    expect(rig.started).toEqual(['a', 'a']);
  });

  it('for a defect is tried again, and told apart', async () => {
    const rig = started();
    await rig.add('a');
    await rig.running('a').fail(new TypeError('x is undefined'));
    expect(rig.finished[0]).toMatchObject({ result: 'panic', retryInMs: 5 });
    await rig.advance(5);
    expect(rig.started).toEqual(['a', 'a']);
  });

  it('before it returns a promise does no harm to the others', async () => {
    const rig = new Rig();
    const stop = new AbortController();
    const seen: string[] = [];
    const ended = rig.queue.run(
      1,
      (key) => {
        seen.push(key);
        throw new Error(`${key} failed`);
      },
      stop.signal,
    );
    await rig.add('a', 'b');
    expect(seen).toEqual(['a', 'b']);
    stop.abort();
    await ended;
  });
});

describe('a handler that succeeds', () => {
  it('may ask to be run again after a time', async () => {
    const rig = started();
    await rig.add('a');
    await rig.running('a').succeed({ requeueAfterMs: 30_000 });
    expect(rig.finished[0]).toMatchObject({ result: 'requeue_after' });
    await rig.advance(29_999);
    expect(rig.started).toEqual(['a']);
    await rig.advance(1);
    expect(rig.started).toEqual(['a', 'a']);
  });
});

describe('the least time between two starts of a key', () => {
  it('lets a lone change through at once and runs a storm once an interval', async () => {
    const rig = started(4, { minIntervalMs: 100 });
    await rig.add('a');
    await rig.running('a').succeed();
    for (let ms = 0; ms < 1000; ms += 10) {
      await rig.add('a');
      if (rig.runningKeys.includes('a')) {
        await rig.running('a').succeed();
      }
      await rig.advance(10);
    }
    expect(rig.started.length).toBeGreaterThanOrEqual(10);
    expect(rig.started.length).toBeLessThanOrEqual(11);
  });

  it('runs what came last within the interval at its end', async () => {
    const rig = started(1, { minIntervalMs: 100 });
    await rig.add('a');
    await rig.running('a').succeed();
    await rig.advance(99);
    await rig.add('a');
    expect(rig.started).toEqual(['a']);
    await rig.advance(1);
    expect(rig.started).toEqual(['a', 'a']);
  });

  it('counts from the start: a run longer than the interval is followed at once', async () => {
    const rig = started(1, { minIntervalMs: 100 });
    await rig.add('a');
    await rig.advance(150);
    await rig.add('a');
    await rig.running('a').succeed();
    expect(rig.started).toEqual(['a', 'a']);
  });

  it('holds no other key back', async () => {
    const rig = started(1, { minIntervalMs: 100 });
    await rig.add('a');
    await rig.running('a').succeed();
    await rig.add('a', 'b');
    expect(rig.runningKeys).toEqual(['b']);
  });
});

describe('a queue with much to do', () => {
  it('lets the event loop turn between runs that never wait', async () => {
    const queue = new WorkQueue({ clock: new FakeClock() });
    const stop = new AbortController();
    let runs = 0;
    const ended = queue.run(
      4,
      async () => {
        runs += 1;
        return undefined;
      },
      stop.signal,
    );
    for (let index = 0; index < 1000; index += 1) {
      queue.add(`key${index}`);
    }
    await turns(2);
    expect(runs).toBeLessThan(50);
    await turns(1000);
    expect(runs).toBe(1000);
    stop.abort();
    await ended;
  });
});

describe('a queue that stops', () => {
  it('starts nothing more, waits for what runs, and leaves no timer behind', async () => {
    const rig = new Rig();
    const ended = rig.work(1);
    await rig.add('a', 'b');
    rig.queue.addAfter('c', 1000);
    rig.abort();
    await turns();
    await rig.running('a').succeed({ requeueAfterMs: 10 });
    expect(await ended).toEqual([]);
    await rig.add('d');
    await rig.advance(10_000);
    expect(rig.started).toEqual(['a']);
    expect(rig.clock.pending).toBe(0);
  });

  it('waits no longer than the drain time, and names what still runs', async () => {
    const rig = new Rig({ drainMs: 4000 });
    const ended = rig.work(2);
    await rig.add('stuck', 'quick');
    rig.abort();
    await turns();
    await rig.running('quick').succeed();
    await rig.advance(4000);
    expect(await ended).toEqual(['stuck']);
    await rig.running('stuck').fail(new Error('too late, and heard by nobody'));
    expect(rig.finished).toEqual([]);
  });

  it('ends at once when it was told to stop before it began', async () => {
    const rig = new Rig();
    rig.abort();
    rig.queue.add('a');
    expect(await rig.work(1)).toEqual([]);
    expect(rig.started).toEqual([]);
  });
});

describe('the time that a key has waited', () => {
  it('counts from when it was first wanted, however often it is raised or added since', async () => {
    const rig = new Rig();
    rig.queue.add('a', 'low');
    await rig.advance(300);
    rig.queue.add('a', 'high');
    await rig.advance(200);
    void rig.work(1);
    await turns();
    expect(rig.waitedMs).toEqual([500]);
  });
});

describe('the snapshot of a queue', () => {
  it('says what waits, what runs and for how long', async () => {
    const rig = started(2);
    await rig.add('a');
    await rig.advance(300);
    await rig.add('b', 'c');
    rig.queue.addAfter('d', 1000);
    await rig.advance(200);
    expect(rig.queue.snapshot()).toEqual({
      workers: 2,
      waiting: 1,
      delayed: 1,
      running: 2,
      unfinishedMs: 700,
      longestRunningMs: 500,
    });
    await rig.running('a').succeed();
    expect(rig.waitedMs).toEqual([0, 0, 200]);
  });
});
