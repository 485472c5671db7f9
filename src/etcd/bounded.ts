import type { Clock } from '../clock.ts';
import { RetryableError } from '../errors.ts';

/** Runs a task with a signal that aborts after so many milliseconds, with code ETCD_TIMEOUT, or when `signal` does. */
export async function bounded<T>(
  clock: Clock,
  limitMs: number,
  task: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const limit = new AbortController();
  const cancel = clock.schedule(limitMs, () =>
    limit.abort(new RetryableError('ETCD_TIMEOUT', `etcd did not answer within ${limitMs} ms`)),
  );
  try {
    return await task(signal === undefined ? limit.signal : AbortSignal.any([limit.signal, signal]));
  } finally {
    cancel();
  }
}
