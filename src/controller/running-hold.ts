import type { Clock } from '../clock.ts';
import { type Hold, type HoldStart, startHold } from '../endpoints/guard/hold.ts';

/** A hold with its end on the clock that never steps. */
export interface RunningHold extends Hold {
  /** Monotonic milliseconds. */
  readonly endsAt: number;
}

export function beginHold(start: Omit<HoldStart, 'now'>, clock: Clock): RunningHold {
  return resumeHold(startHold({ ...start, now: clock.now() }), start.holdMs, clock);
}

/** A hold that was begun before, by another leader perhaps; it never lasts longer than one that begins now. */
export function resumeHold(hold: Hold, holdMs: number, clock: Clock): RunningHold {
  const leftMs = Math.min(Math.max(0, hold.until - clock.now()), holdMs);
  return { ...hold, endsAt: clock.monotonic() + leftMs };
}
