import type { EtcdService } from '../../api/etcd-service.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { Connection } from '../../etcd/types.ts';

export interface Staleness {
  /** Whether the registry has been away for so long that nobody knows whether its instances live. */
  readonly isStale: boolean;
  /** When to look again, in milliseconds; undefined where time alone changes nothing. */
  readonly lookAgainMs: number | undefined;
}

export interface StalenessInput {
  readonly connection: Connection;
  /** How old what is known may get, in milliseconds; undefined: it never gets too old. */
  readonly staleMs: number | undefined;
  /** Whether it was too old already: then it is until the registry is back, also for a process that has just begun to count. */
  readonly wasStale: boolean;
  /** Monotonic milliseconds. */
  readonly now: number;
}

/** How old what is known of a registry is. */
export function staleness({ connection, staleMs, wasStale, now }: StalenessInput): Staleness {
  if (staleMs === undefined || connection.connected) {
    return { isStale: false, lookAgainMs: undefined };
  }
  const leftMs = wasStale ? 0 : connection.sinceMonotonic + staleMs - now;
  return leftMs > 0 ? { isStale: false, lookAgainMs: leftMs } : { isStale: true, lookAgainMs: undefined };
}

/** Whether a status says that what is published is too old. */
export function isShownStale({ status }: EtcdService): boolean {
  return status?.conditions?.find(({ type }) => type === 'Ready')?.reason === 'RegistryStale';
}

/** Endpoints as they are published while nobody knows whether they live. */
export function asStale(endpoints: readonly DesiredEndpoint[]): readonly DesiredEndpoint[] {
  return endpoints.map((endpoint) => ({ ...endpoint, ready: false }));
}
