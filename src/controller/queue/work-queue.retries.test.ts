import { describe, expect, it } from 'vitest';
import { FakeClock } from '../../../test/kit/fake-clock.ts';
import { QueueRig as Rig, started } from '../../../test/kit/queue-rig.ts';
import { RetryableError, TerminalError } from '../../errors.ts';
import { WorkQueue } from './work-queue.ts';

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
