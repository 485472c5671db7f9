import type { Clock } from '../../clock.ts';
import { type Hold, type HoldStart, startHold } from '../../endpoints/guard/hold.ts';

/** A hold with its end on the clock that never steps. */
export interface RunningHold extends Hold {
  /** Monotonic milliseconds. */
  readonly endsAt: number;
}

/** How long a hold lasts at least after its registry has come back: nobody could register again before. */
const afterReturnMs = 60_000;

export function beginHold(start: Omit<HoldStart, 'now'>, clock: Clock): RunningHold {
  return resumeHold(startHold({ ...start, now: clock.now() }), start.holdMs, clock);
}

/** A hold that was begun before, by another leader perhaps; it never lasts longer than one that begins now. */
export function resumeHold(hold: Hold, holdMs: number, clock: Clock): RunningHold {
  const leftMs = Math.min(Math.max(0, hold.until - clock.now()), holdMs);
  return { ...hold, endsAt: clock.monotonic() + leftMs };
}

/** The hold of a registry that has just come back, with time to register again, but no more than a hold that begins now. */
export function prolongHold(hold: RunningHold, holdMs: number, clock: Clock): RunningHold {
  const leftMs = Math.min(afterReturnMs, holdMs);
  if (hold.endsAt - clock.monotonic() >= leftMs) {
    return hold;
  }
  // Kubernetes keeps times to the second.
  const until = Math.ceil((clock.now() + leftMs) / 1000) * 1000;
  return { ...hold, until, endsAt: clock.monotonic() + leftMs };
}
