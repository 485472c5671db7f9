import { type Clock, sleep } from '../clock.ts';
import { messageOf } from '../errors.ts';
import type { Probe } from './probe.ts';

/** How many checks in a row it takes to change the verdict. */
export interface Thresholds {
  readonly passes: number;
  readonly failures: number;
}

/** The verdict and how many checks in a row have spoken against it. */
export interface Health {
  /** Undefined until there is a first verdict. */
  readonly passing: boolean | undefined;
  readonly passed: number;
  readonly failed: number;
}

export const unknownHealth: Health = { passing: undefined, passed: 0, failed: 0 };

/** The health after one more check. */
export function nextHealth(health: Health, hasPassed: boolean, { passes, failures }: Thresholds): Health {
  const passed = hasPassed ? health.passed + 1 : 0;
  const failed = hasPassed ? 0 : health.failed + 1;
  if (passed >= passes) {
    return { passing: true, passed, failed };
  }
  if (failed >= failures) {
    return { passing: false, passed, failed };
  }
  return { passing: health.passing, passed, failed };
}

export interface HealthOptions extends Thresholds {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

/** Told of each check; `reason` says why it failed. */
export type HealthListener = (health: Health, reason: string | undefined) => void;

/** Checks again and again until `signal` aborts, one check at a time. */
export async function watchHealth(
  probe: Probe,
  options: HealthOptions,
  clock: Clock,
  signal: AbortSignal,
  listener: HealthListener,
): Promise<void> {
  let health = unknownHealth;
  while (!signal.aborted) {
    const reason = await checkOnce(probe, options.timeoutMs, clock, signal);
    if (signal.aborted) {
      return;
    }
    health = nextHealth(health, reason === undefined, options);
    listener(health, reason);
    await sleep(clock, options.intervalMs, signal);
  }
}

/** Why the check fails, or undefined where it passes. One that does not answer in time is cut off, whether it heeds that or not. */
async function checkOnce(
  probe: Probe,
  timeoutMs: number,
  clock: Clock,
  signal: AbortSignal,
): Promise<string | undefined> {
  const cut = new AbortController();
  const tooLate = Promise.withResolvers<string>();
  const cutOff = (): void => {
    cut.abort();
    tooLate.resolve(`there is no answer within --check-timeout ${timeoutMs} ms`);
  };
  const cancel = clock.schedule(timeoutMs, cutOff);
  signal.addEventListener('abort', cutOff, { once: true });
  try {
    const answer = probe(cut.signal).then(
      () => undefined,
      (error: unknown) => messageOf(error),
    );
    return await Promise.race([answer, tooLate.promise]);
  } finally {
    cancel();
    signal.removeEventListener('abort', cutOff);
  }
}
