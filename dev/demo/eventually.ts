import { sleep, systemClock } from '../../src/clock.ts';

const LOOK_EVERY_MS = 50;
/** Generous, for machines that are busy with something else, in milliseconds. */
const PATIENCE_MS = 60_000;

/** Waits until `isSo` answers true. Rejects after a minute with what it has waited for, and when the signal aborts. */
export async function eventually(
  what: string,
  signal: AbortSignal,
  isSo: () => Promise<boolean>,
): Promise<void> {
  const deadline = performance.now() + PATIENCE_MS;
  while (!(await isSo())) {
    signal.throwIfAborted();
    if (performance.now() > deadline) {
      throw new Error(`Waited for ${PATIENCE_MS / 1000} s in vain: ${what}`);
    }
    await sleep(systemClock, LOOK_EVERY_MS, signal);
  }
}
