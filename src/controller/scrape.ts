import type { Clock } from '../clock.ts';
import { maxPortSets } from '../endpoints/desired.ts';
import type { RejectionReason } from '../formats/rejection.ts';
import type { Elector } from '../leadership/elector.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { setQueueGauges } from '../telemetry/queue-metrics.ts';
import type { Leadership } from './leadership.ts';
import type { Reconciler } from './reconciler.ts';
import type { Registry } from './registry.ts';
import type { WorkQueue } from './work-queue.ts';

export interface ScrapeInput {
  readonly metrics: Metrics;
  readonly queue: WorkQueue;
  readonly reconciler: Reconciler;
  readonly registry: Registry;
  readonly leadership: Leadership;
  readonly elector: Elector | undefined;
  readonly clock: Clock;
}

/** Sets the gauges that are computed when metrics are scraped, and not on the hot path. */
export function scrapeController(input: ScrapeInput): void {
  const { metrics, queue, reconciler, registry, leadership, elector, clock } = input;
  setQueueGauges(metrics, 'etcdservice', queue.snapshot());
  metrics.leader.set(leadership.term === undefined ? 0 : 1);
  metrics.leaderTerm.set(elector?.leader?.term ?? 0);
  const { mirror, name } = registry;
  const { ranges, keys, revision } = mirror.stats();
  metrics.registryConnected.set({ registry: name }, mirror.connection.connected ? 1 : 0);
  metrics.registryRanges.set({ registry: name }, ranges);
  metrics.registryKeys.set({ registry: name }, keys);
  metrics.registryRevision.set({ registry: name }, revision);
  const oldest = reconciler.oldestUnpublished();
  metrics.oldestUnpublishedChangeSeconds.set(oldest === undefined ? 0 : (clock.monotonic() - oldest) / 1000);
  setEndpointGauges(metrics, reconciler);
}

function setEndpointGauges(metrics: Metrics, reconciler: Reconciler): void {
  const rejected = new Map<RejectionReason, number>();
  const total = { ready: 0, notReady: 0, partial: 0, manyPortSets: 0 };
  for (const { endpoints, rejectedByReason, partial, portSets } of reconciler.published()) {
    const ready = endpoints.filter((endpoint) => endpoint.ready).length;
    total.ready += ready;
    total.notReady += endpoints.length - ready;
    total.partial += partial;
    if (portSets > maxPortSets) {
      total.manyPortSets += 1;
    }
    for (const [reason, count] of rejectedByReason) {
      rejected.set(reason, (rejected.get(reason) ?? 0) + count);
    }
  }
  metrics.endpoints.set({ state: 'ready' }, total.ready);
  metrics.endpoints.set({ state: 'not_ready' }, total.notReady);
  metrics.endpointsPartial.set(total.partial);
  metrics.portSetsExceeded.set(total.manyPortSets);
  metrics.registrationsRejected.reset();
  for (const [reason, count] of rejected) {
    metrics.registrationsRejected.set({ reason }, count);
  }
}
