import type { ObjectMeta } from '../kube/types.ts';
import { annotations } from './labels.ts';
import type { DesiredEndpoint } from './types.ts';

/** The latest deadline of draining endpoints, as the annotation `draining-until` says it: RFC 3339. Undefined where nothing drains. */
export function latestDeadline(endpoints: readonly DesiredEndpoint[]): string | undefined {
  let latest = Number.NEGATIVE_INFINITY;
  for (const { drainUntil } of endpoints) {
    latest = Math.max(latest, drainUntil ?? latest);
  }
  return Number.isFinite(latest) ? new Date(latest).toISOString() : undefined;
}

/** Wall-clock milliseconds that the annotation `draining-until` names; undefined where it is absent or no time. */
export function deadlineOf({ annotations: notes }: ObjectMeta): number | undefined {
  const time = Date.parse(notes?.[annotations.drainingUntil] ?? '');
  return Number.isNaN(time) ? undefined : time;
}
