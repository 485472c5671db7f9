import { describe, expect, it } from 'vitest';
import { FakeClock, turns } from '../../../test/kit/fake-clock.ts';
import { QueueRig as Rig, started } from '../../../test/kit/queue-rig.ts';
import { WorkQueue } from './work-queue.ts';

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

  it('leave everybody a turn where more real changes come than can be done', async () => {
    const rig = started(1);
    await rig.add('first');
    rig.queue.add('low', 'low');
    rig.queue.add('last', 'last');
    for (let second = 1; second <= 14; second += 1) {
      rig.queue.add(`change${second}`);
      rig.queue.add(`more${second}`);
      rig.clock.advance(1000);
      await rig.running(rig.runningKeys[0] ?? '').succeed();
    }
    expect(rig.started.indexOf('low')).toBeGreaterThan(2);
    expect(rig.started.indexOf('low')).toBeLessThan(8);
    expect(rig.started).not.toContain('last');
    for (let [next] = rig.runningKeys; next !== undefined; [next] = rig.runningKeys) {
      await rig.running(next).succeed();
    }
    expect(rig.started.indexOf('last')).toBeGreaterThan(rig.started.indexOf('more9'));
    expect(rig.started.indexOf('last')).toBeLessThan(rig.started.indexOf('change12'));
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

  it.each([
    { ms: 0, perTurn: [4] },
    { ms: 3, perTurn: [2, 2] },
    { ms: 9, perTurn: [1, 1, 1, 1] },
  ])(
    'begins runs in a turn until five milliseconds have passed, where each takes $ms to begin',
    async ({ ms, perTurn }) => {
      const clock = new FakeClock();
      const queue = new WorkQueue({ clock });
      const stop = new AbortController();
      let begun = 0;
      const never = new Promise<undefined>((resolve) =>
        stop.signal.addEventListener('abort', () => resolve(undefined)),
      );
      const begin = async (): Promise<undefined> => {
        // Some promises later, as what reads caches is.
        await turnOfPromises();
        begun += 1;
        clock.advance(ms);
        return await never;
      };
      const ended = queue.run(4, begin, stop.signal);
      for (const key of ['a', 'b', 'c', 'd']) {
        queue.add(key);
      }
      const counts: number[] = [];
      while (begun < 4) {
        const before = begun;
        await turns(1);
        if (begun > before) {
          counts.push(begun - before);
        }
      }
      expect(counts).toEqual(perTurn);
      stop.abort();
      await ended;
    },
  );
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

async function turnOfPromises(): Promise<void> {
  for (let step = 0; step < 20; step += 1) {
    await Promise.resolve();
  }
}
