import type { Condition, EtcdService } from '../../api/etcd-service.ts';
import type { Guard } from '../../api/guard.ts';
import type { RemovalHeldReason } from '../../api/reasons.ts';
import { type Hold, isHoldId, parseHold, type ShownHold, showHold } from '../../endpoints/guard/hold.ts';
import type { ServiceLimits } from '../../endpoints/guard/limits.ts';
import { annotations } from '../../endpoints/labels.ts';
import type { Finding } from '../status/status.ts';
import type { Verdict } from './guard-types.ts';

/** The hold that the condition of an EtcdService tells; undefined where nothing is held. */
export function shownHold(object: EtcdService): ShownHold | undefined {
  const condition = heldCondition(object);
  return condition?.status === 'True'
    ? parseHold(condition.message, Date.parse(condition.lastTransitionTime))
    : undefined;
}

/** The id of the hold that somebody has released an EtcdService from. */
export function releasedHold({ metadata }: EtcdService): string | undefined {
  return metadata.annotations?.[annotations.releaseHold];
}

/** The limits of an EtcdService's own guard; undefined where it asks for none. */
export function serviceLimits(guard: Guard | undefined): ServiceLimits | undefined {
  return (
    guard && {
      maxRemovalPercent: guard.maxRemovalPercent,
      ignoreBelow: guard.ignoreBelow,
      windowMs: guard.windowSeconds * 1000,
      holdMs: guard.holdSeconds * 1000,
      holdsLast: guard.onEmpty === 'Hold',
    }
  );
}

/** What the condition RemovalHeld has to say; undefined where it stays as it is. `now` in wall-clock milliseconds. */
export function removalFinding(
  { hold, held, isFinal }: Verdict,
  object: EtcdService,
  now: number,
): Finding<RemovalHeldReason> | undefined {
  if (hold !== undefined) {
    const reason = hold.scope === 'Registry' ? 'HeldByRegistryGuard' : 'HeldByGuard';
    const message = showHold(hold, held.length) + missedRelease(hold, object);
    return { status: 'True', reason, message, began: hold.startedAt };
  }
  if (!isFinal) {
    return undefined;
  }
  const shown = shownHold(object);
  if (shown !== undefined) {
    return { status: 'False', ...ending(shown, object, now) };
  }
  return heldCondition(object)?.status === 'False' ? undefined : nothingHeld;
}

/** Answers whoever has tried to release the hold by another id; empty where nobody has. A value that is no id is not repeated. */
function missedRelease({ id }: Hold, object: EtcdService): string {
  const released = releasedHold(object);
  if (released === undefined || released === id) {
    return '';
  }
  const named = isHoldId(released) ? `hold ${released}, which is not this one` : 'no hold';
  return `; the annotation ${annotations.releaseHold} names ${named}: give it ${id} to release this one`;
}

const nothingHeld = {
  status: 'False',
  reason: 'NothingHeld',
  message: 'Nothing is held',
} as const satisfies Finding<'NothingHeld'>;

function ending(
  { id, until }: Hold,
  object: EtcdService,
  now: number,
): { readonly reason: RemovalHeldReason; readonly message: string } {
  if (releasedHold(object) === id) {
    return { reason: 'HoldReleased', message: `Hold ${id} was released; what etcd says is published` };
  }
  if (now >= until) {
    return { reason: 'HoldExpired', message: `The time of hold ${id} is over; what etcd says is published` };
  }
  return { reason: 'HoldEnded', message: `Hold ${id} has nothing to hold any more` };
}

function heldCondition({ status }: EtcdService): Condition | undefined {
  return status?.conditions?.find(({ type }) => type === 'RemovalHeld');
}
