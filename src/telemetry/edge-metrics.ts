/** What the two edges report, as metrics: etcd's mirror and the calls to the apiserver. */
import type { MirrorObserver } from '../etcd/mirror/observer.ts';
import type { CallReport } from '../kube/options.ts';
import type { Metrics } from './metrics.ts';

/** Counts what the mirror of one registry does. */
export function registryMetrics(metrics: Metrics, registry: string): MirrorObserver {
  return {
    listed: ({ reason }) => metrics.registryLists.inc({ registry, reason }),
    events: (count) => metrics.registryEvents.inc({ registry }, count),
    reconnected: () => metrics.registryReconnects.inc({ registry }),
    driftFound: (_range, keys) => metrics.registryDrift.inc({ registry }, keys),
  };
}

/** Counts a call to the apiserver. A watch is counted, but not timed: it lasts as long as it may. */
export function countCall(metrics: Metrics, { verb, resource, status, durationMs }: CallReport): void {
  metrics.kubeRequests.inc({ verb, resource, code: String(status) });
  if (verb !== 'watch') {
    metrics.kubeRequestSeconds.observe({ verb, resource }, durationMs / 1000);
  }
}
