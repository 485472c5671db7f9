import type { DesiredEndpoint } from '../endpoints/types.ts';
import type { Connection } from '../etcd/types.ts';

export interface Staleness {
  /** Whether the registry has been away for so long that nobody knows whether its instances live. */
  readonly isStale: boolean;
  /** When to look again, in milliseconds; undefined where time alone changes nothing. */
  readonly lookAgainMs: number | undefined;
}

/** How old what is known of a registry is at wall-clock time `now`; `staleMs` undefined: it never gets too old. */
export function staleness(connection: Connection, staleMs: number | undefined, now: number): Staleness {
  if (staleMs === undefined || connection.connected) {
    return { isStale: false, lookAgainMs: undefined };
  }
  const leftMs = connection.since + staleMs - now;
  return leftMs > 0 ? { isStale: false, lookAgainMs: leftMs } : { isStale: true, lookAgainMs: undefined };
}

/** Endpoints as they are published while nobody knows whether they live. */
export function asStale(endpoints: readonly DesiredEndpoint[]): readonly DesiredEndpoint[] {
  return endpoints.map((endpoint) => ({ ...endpoint, ready: false }));
}
