import { setTimeout as pause } from 'node:timers/promises';

export interface EventuallyOptions {
  /** How long the condition may take to come true, in milliseconds; 30 s unless told. */
  readonly timeoutMs?: number;
  /** Time between two looks in milliseconds; 25 unless told. */
  readonly intervalMs?: number;
}

/**
 * What a machine that runs other tests beside may take on top of what is promised, in milliseconds. It tells a promise that is kept from one that is broken as long as
 * whatever would come true without the promise takes longer.
 */
export const marginMs = 2_000;

/**
 * Tries `condition` until it does not throw, and returns its result; after the deadline it throws with the last failure as cause. This is
 * how tests wait: for a state of the world, never for a length of time. Unless something is promised, the deadline is generous: a slow machine is no failure.
 */
export async function eventually<Result>(
  condition: () => Result | Promise<Result>,
  { timeoutMs = 30_000, intervalMs = 25 }: EventuallyOptions = {},
): Promise<Result> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    try {
      return await condition();
    } catch (error) {
      if (performance.now() >= deadline) {
        const reason = error instanceof Error ? error.message : String(error);
        throw new Error(`Still not so after ${timeoutMs} ms: ${reason}`, { cause: error });
      }
    }
    await pause(intervalMs);
  }
}
