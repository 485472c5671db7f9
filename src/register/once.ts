import { untilAborted } from '../abort.ts';
import { codeOf, RetryableError, TerminalError } from '../errors.ts';
import { bounded } from '../etcd/bounded.ts';
import { watchHealth } from './health.ts';
import type { Keeper } from './keeper.ts';
import type { Check, TendDeps } from './tend.ts';

/**
 * Registers once, after the check has passed where there is one, and leaves the registration to its lease. Rejects where that does not come about
 * within `timeoutMs`; nothing is left in etcd then.
 */
export async function registerOnce(
  keeper: Keeper,
  check: Check | undefined,
  timeoutMs: number,
  { clock, voice }: TendDeps,
): Promise<void> {
  try {
    await bounded(clock, timeoutMs, async (signal) => {
      if (check !== undefined) {
        await passed(check, { clock, voice }, signal);
      }
      await untilAborted(Promise.race([keeper.register(), keeper.refused]), signal);
    });
  } catch (error) {
    await keeper.close();
    if (codeOf(error) !== 'ETCD_TIMEOUT') {
      throw error;
    }
    const reason = keeper.trouble ?? 'etcd does not answer; is --etcd right?';
    throw new RetryableError(
      'REGISTER_TIMEOUT',
      `Not registered within --timeout ${timeoutMs} ms: ${reason}`,
      {
        cause: error,
      },
    );
  }
  await keeper.leave();
}

/** Resolves when the check has passed as often as it must. Rejects when it has failed as often as it may. */
async function passed(check: Check, { clock, voice }: TendDeps, signal: AbortSignal): Promise<void> {
  const done = new AbortController();
  const verdict = Promise.withResolvers<void>();
  const watching = watchHealth(
    check.probe,
    check,
    clock,
    AbortSignal.any([signal, done.signal]),
    (health, reason) => {
      if (health.passing === true) {
        verdict.resolve();
      } else if (health.passing === false) {
        verdict.reject(new TerminalError('CHECK_FAILED', `Not registered: --check fails: ${reason}`));
      } else if (reason !== undefined) {
        voice.warn(`--check fails: ${reason}`);
      }
    },
  );
  try {
    await untilAborted(verdict.promise, signal);
  } finally {
    done.abort();
    await watching;
  }
}
