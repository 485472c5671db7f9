import { endpointId } from './match-ports.ts';
import { Served } from './served.ts';
import type { DesiredEndpoint } from './types.ts';

export interface DrainInput {
  /** What is published now, draining endpoints with their deadlines. */
  readonly before: readonly DesiredEndpoint[];
  /** What is to be published: desired and held. */
  readonly next: readonly DesiredEndpoint[];
  /** How long a removed endpoint stays, in milliseconds; 0: not at all. */
  readonly drainMs: number;
  /** Wall-clock milliseconds. */
  readonly now: number;
  /** Endpoints that are known to answer nobody, by {@link endpointId}: they go at once. */
  readonly dead: ReadonlySet<string>;
}

export interface Drained {
  /** What is to be published together with what drains. */
  readonly endpoints: readonly DesiredEndpoint[];
  readonly draining: number;
  /** Wall-clock milliseconds at which the next one has drained; undefined where none drains. */
  readonly nextDeadline: number | undefined;
}

/**
 * Lets removed endpoints stay for their last connections. One that was ready gets a deadline when it goes; one that drains already keeps
 * its own, but never one that is further away than a new one would be: a deadline may come from the object of another leader, whose
 * clock or whose spec was another. What is to be published again drains no more.
 */
export function drain({ before, next, drainMs, now, dead }: DrainInput): Drained {
  const leaving = drainMs === 0 ? [] : without(before, next);
  const draining = leaving.flatMap((endpoint) => {
    if (dead.has(endpointId(endpoint)) || (!endpoint.ready && endpoint.drainUntil === undefined)) {
      return [];
    }
    const drainUntil = Math.min(endpoint.drainUntil ?? Number.POSITIVE_INFINITY, now + drainMs);
    return drainUntil > now ? [{ ...endpoint, ready: false, drainUntil }] : [];
  });
  return {
    endpoints: draining.length === 0 ? next : [...next, ...draining],
    draining: draining.length,
    nextDeadline: draining.length === 0 ? undefined : Math.min(...draining.map((one) => one.drainUntil)),
  };
}

function without(
  before: readonly DesiredEndpoint[],
  next: readonly DesiredEndpoint[],
): readonly DesiredEndpoint[] {
  const ids = new Set(next.map(endpointId));
  const gone = before.filter((endpoint) => !ids.has(endpointId(endpoint)));
  if (gone.length === 0) {
    return gone;
  }
  const served = new Served(next, gone);
  return gone.filter((endpoint) => !served.has(endpoint));
}
