/** What is remembered and decided, in the words and forms that `explain` tells it in. */
import { endpointId } from '../endpoints/match-ports.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import type { Holding } from './flight-recorder.ts';
import type { Removal } from './removal.ts';
import type { Kept, RemovalText } from './types.ts';

/** Tells what keeps a published endpoint, by its id, that is held or drains; `NotSynced` where a hold is not decided yet. */
export function keptBy(
  holding: Holding | undefined,
): (id: string, endpoint: DesiredEndpoint) => Kept | undefined {
  const held = new Set(holding?.held.map(endpointId));
  return (id, { drainUntil }) => {
    if (held.has(id)) {
      return holdText(holding?.hold);
    }
    return drainUntil === undefined ? undefined : { reason: 'Draining', until: timeText(drainUntil) };
  };
}

/** Those of some removals that are from `since` (wall-clock milliseconds) on. What left etcd and is announced again was never removed. */
export function removalsSince(
  removals: readonly Removal[],
  since: number,
  desired: readonly DesiredEndpoint[],
): readonly Removal[] {
  const announced = new Set(
    desired.map(({ address, ports }) =>
      placeOf(
        address,
        ports.map(({ port }) => port),
      ),
    ),
  );
  return removals.filter(({ address, ports, leftAt, removedAt }) => {
    const isBack = removedAt === undefined && announced.has(placeOf(address, ports));
    return !isBack && (removedAt ?? leftAt ?? 0) >= since;
  });
}

export function removalText({ revision, leftAt, removedAt, ...removal }: Removal): RemovalText {
  return {
    ...removal,
    ...(revision !== undefined && { revision: String(revision) }),
    ...(leftAt !== undefined && { leftAt: timeText(leftAt) }),
    ...(removedAt !== undefined && { removedAt: timeText(removedAt) }),
  };
}

/** RFC 3339. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

function holdText(hold: Holding['hold']): Kept {
  if (hold === undefined) {
    return { reason: 'NotSynced' };
  }
  const reason = hold.scope === 'Registry' ? 'HeldByRegistryGuard' : 'HeldByGuard';
  return { reason, hold: hold.id, until: timeText(hold.until) };
}

function placeOf(address: string, ports: readonly number[]): string {
  return `${address} ${ports.join()}`;
}
