import type { Clock } from '../../clock.ts';
import type { GuardedService } from './guarded-service.ts';
import type { LeaseQuestions } from './lease-questions.ts';
import { beginHold, prolongHold } from './running-hold.ts';

export interface OwnGuardDeps {
  readonly leases: LeaseQuestions;
  readonly clock: Clock;
  readonly random: () => number;
  /** How far back the guard of the registry looks, in milliseconds: what vanished within it is not forgotten yet. */
  readonly windowMs: number;
}

/**
 * Begins a hold where one EtcdService misses more than its spec lets go, and ends it with the loss that it was for. False while it is asked
 * whether somebody has said so.
 */
export function guardService(
  service: GuardedService,
  { leases, clock, random, windowMs }: OwnGuardDeps,
): boolean {
  const { limits, own } = service;
  service.close(windowMs, clock.monotonic());
  const loss = service.ownLoss(clock.monotonic());
  if (limits === undefined || loss === undefined) {
    if (own !== undefined) {
      service.letGo();
    }
    service.own = undefined;
    return true;
  }
  if (own === undefined && leases.isOpen([service])) {
    return false;
  }
  service.own ??= beginHold({ scope: 'Service', loss, holdMs: limits.holdMs, random }, clock);
  return true;
}

/** The registry is back, and leaves time to register again. */
export function prolongOwn(service: GuardedService, clock: Clock): void {
  service.own &&= prolongHold(service.own, service.limits?.holdMs ?? 0, clock);
}
