import { type Clock, sleep } from '../clock.ts';

/** A step of taking something apart. */
export interface Step {
  readonly run: () => Promise<void>;
  /** What is wrong where it has not ended in time. */
  readonly late: () => Error;
}

/**
 * Runs one step after the other, each for at most `withinMs`, and all of them whatever becomes of those before. Rejects, in the end, with the error
 * that came first.
 */
export async function inTurn(clock: Clock, withinMs: number, steps: readonly Step[]): Promise<void> {
  const errors: unknown[] = [];
  for (const step of steps) {
    try {
      await inTime(clock, withinMs, step);
    } catch (error) {
      errors.push(error);
    }
  }
  if (errors.length > 0) {
    throw errors[0];
  }
}

async function inTime(clock: Clock, withinMs: number, { run, late }: Step): Promise<void> {
  const done = new AbortController();
  const alarm = sleep(clock, withinMs, done.signal).then(() => {
    if (!done.signal.aborted) {
      throw late();
    }
  });
  try {
    await Promise.race([run(), alarm]);
  } finally {
    done.abort();
  }
}
