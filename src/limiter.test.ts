import { describe, expect, it } from 'vitest';
import { Limiter } from './limiter.ts';

const { signal } = new AbortController();

/** Tasks that end when the test says so; `begun` names them in the order of their beginnings. */
function start(slots: number) {
  const limiter = new Limiter(slots);
  const begun: string[] = [];
  const ends = new Map<string, () => void>();
  const run = (name: string, priority?: 'low'): Promise<void> =>
    limiter.run(
      () => {
        begun.push(name);
        return new Promise((resolve) => ends.set(name, resolve));
      },
      signal,
      priority,
    );
  const end = async (name: string): Promise<void> => {
    ends.get(name)?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { limiter, begun, run, end };
}

describe('a limiter', () => {
  it('runs no more than its slots at once, and the others in the order of asking', async () => {
    const { begun, run, end } = start(2);
    const all = ['a', 'b', 'c', 'd'].map((name) => run(name));
    await end('none');
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    expect(begun).toEqual(['a', 'b', 'c']);
    await end('a');
    await end('c');
    await end('d');
    await Promise.all(all);
    expect(begun).toEqual(['a', 'b', 'c', 'd']);
  });

  it('begins a low task only while no normal one waits', async () => {
    const { begun, run, end } = start(1);
    const all = [run('a'), run('low', 'low'), run('b')];
    await end('none');
    await end('a');
    expect(begun).toEqual(['a', 'b']);
    await end('b');
    await end('low');
    await Promise.all(all);
    expect(begun).toEqual(['a', 'b', 'low']);
  });

  it('gives the slot of a task that fails to the next', async () => {
    const { limiter } = start(1);
    const failing = limiter.run(() => Promise.reject(new Error('failed')), signal);
    const next = limiter.run(() => Promise.resolve('done'), signal);
    await expect(failing).rejects.toThrow('failed');
    expect(await next).toBe('done');
  });

  it('does not begin a task whose signal has aborted while it waited', async () => {
    const { limiter, run, end } = start(1);
    const stop = new AbortController();
    const first = run('a');
    const second = expect(limiter.run(() => Promise.resolve('done'), stop.signal)).rejects.toThrow('stopped');
    stop.abort(new Error('stopped'));
    await end('none');
    await end('a');
    await second;
    await first;
  });
});
