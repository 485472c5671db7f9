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

const firstPatienceMs = 2_000;

/**
 * How long a keepalive may be unanswered until another member is tried. It doubles with each member tried in vain, up to a third of the TTL: where the
 * cluster as a whole is slow, the answer that takes longer than the first patience is worth more than the next member's.
 */
export function patienceMs(ttlMs: number, triedInVain: number): number {
  return Math.min(firstPatienceMs * 2 ** triedInVain, ttlMs / 3);
}
