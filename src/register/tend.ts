import type { Clock } from '../clock.ts';
import type { HealthOptions } from './health.ts';
import { watchHealth } from './health.ts';
import type { Keeper, Voice } from './keeper.ts';
import type { Probe } from './probe.ts';

/** What is checked, and how. */
export interface Check extends HealthOptions {
  readonly probe: Probe;
}

export interface TendDeps {
  readonly clock: Clock;
  readonly voice: Voice;
}

/** Keeps registered what passes its check until `signal` aborts; without a check, it is registered at once. */
export async function tend(
  keeper: Pick<Keeper, 'register' | 'deregister'>,
  check: Check | undefined,
  { clock, voice }: TendDeps,
  signal: AbortSignal,
): Promise<void> {
  if (check === undefined) {
    await keeper.register();
    return;
  }
  let isRegistered = false;
  let told: string | undefined;
  await watchHealth(check.probe, check, clock, signal, ({ passing }, reason) => {
    if (reason !== undefined && reason !== told) {
      voice.warn(`--check fails: ${reason}`);
    }
    told = reason;
    if (passing === undefined || passing === isRegistered) {
      return;
    }
    isRegistered = passing;
    void (passing ? keeper.register() : keeper.deregister());
  });
}
