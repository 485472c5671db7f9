import { elapsedMs, type Moment } from '../../clock.ts';

/** What etcd has confirmed of a lease: with a request sent at this moment it gave it this TTL. */
export interface Hold {
  /** When the request was sent, not when its answer came: etcd renewed the lease between the two, so that it has the lease at least as long. */
  readonly sent: Moment;
  readonly ttlMs: number;
}

export type HoldPhase = 'held' | 'overdue' | 'over';

/** Time until the lease may be over for etcd. */
export function remainingMs({ sent, ttlMs }: Hold, now: Moment): number {
  return ttlMs - elapsedMs(sent, now);
}

/** Time until two thirds of the TTL have passed without a keepalive acknowledged. */
export function untilOverdueMs({ sent, ttlMs }: Hold, now: Moment): number {
  return (ttlMs * 2) / 3 - elapsedMs(sent, now);
}

export function phaseOf(hold: Hold, now: Moment): HoldPhase {
  if (remainingMs(hold, now) <= 0) {
    return 'over';
  }
  return untilOverdueMs(hold, now) <= 0 ? 'overdue' : 'held';
}

/** Time from one keepalive to the next: while one is unanswered the next follows soon, so that a lease that can still be had is not missed. */
export function keepaliveIntervalMs(ttlMs: number, unanswered: number): number {
  return unanswered === 0 ? ttlMs / 3 : ttlMs / 15;
}

const mostPatienceMs = 2_000;

/**
 * How long a keepalive may be unanswered until all members are asked, and how long those may take until they are asked once more. A change of leader within
 * etcd takes it a second or two: at each TTL that an election takes, there must be time for it and for asking again after it.
 */
export function patienceMs(ttlMs: number, roundsInVain: number): number {
  return roundsInVain === 0 ? Math.min(mostPatienceMs, ttlMs / 5) : ttlMs / 15;
}
