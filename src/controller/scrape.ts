import type { Clock } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import type { NoticeReason } from '../endpoints/notices.ts';
import { perfectPacking } from '../endpoints/pack/perfect-packing.ts';
import type { RejectionReason } from '../formats/rejection.ts';
import type { Elector } from '../leadership/elector.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { setQueueGauges } from '../telemetry/queue-metrics.ts';
import type { Kubernetes } from './kubernetes.ts';
import type { Leadership } from './leadership.ts';
import { differencesOf } from './observe/observer.ts';
import type { WorkQueue } from './queue/work-queue.ts';
import type { Reconciler } from './reconciler.ts';
import type { OpenRegistries } from './registries/open-registries.ts';

export interface ScrapeInput {
  readonly metrics: Metrics;
  readonly queue: WorkQueue;
  readonly registryQueue: WorkQueue;
  readonly catalogQueue: WorkQueue;
  readonly reconciler: Reconciler;
  readonly registries: Pick<OpenRegistries, 'pool' | 'serviceAddresses'>;
  readonly leadership: Leadership;
  readonly elector: Elector | undefined;
  readonly clock: Clock;
  readonly config: Pick<ControllerConfig, 'maxEndpointsPerSlice'>;
  readonly kubernetes: Pick<Kubernetes, 'caches'>;
}

/** Sets the gauges that are computed when metrics are scraped, and not on the hot path. */
export function scrapeController(input: ScrapeInput): void {
  const { metrics, queue, registryQueue, catalogQueue, reconciler, registries, leadership, elector, clock } =
    input;
  setQueueGauges(metrics, 'etcdservice', queue.snapshot());
  setQueueGauges(metrics, 'etcdregistry', registryQueue.snapshot());
  setQueueGauges(metrics, 'etcdcatalog', catalogQueue.snapshot());
  metrics.leader.set(leadership.term === undefined ? 0 : 1);
  metrics.leaderTerm.set(elector?.leader?.term ?? 0);
  setRegistryGauges(metrics, registries);
  const oldest = reconciler.tracked.oldestUnpublished();
  metrics.oldestUnpublishedChangeSeconds.set(oldest === undefined ? 0 : (clock.monotonic() - oldest) / 1000);
  setEndpointGauges(metrics, reconciler);
  setObservedGauges(metrics, reconciler);
  setSliceGauges(input);
}

function setSliceGauges({ metrics, config, kubernetes }: ScrapeInput): void {
  const slices = [...kubernetes.caches.slices.list()];
  metrics.slices.set(slices.length);
  metrics.slicesPacked.set(perfectPacking(slices, config.maxEndpointsPerSlice));
}

/** Of the registries that there are: one that is gone leaves no series behind. */
function setRegistryGauges(metrics: Metrics, { pool, serviceAddresses }: ScrapeInput['registries']): void {
  const { registryConnected, registryRanges, registryWatches, registryKeys, registryRevision } = metrics;
  for (const gauge of [registryConnected, registryRanges, registryWatches, registryKeys, registryRevision]) {
    gauge.reset();
  }
  for (const { mirror, name: registry } of pool.values()) {
    const { ranges, watches, keys, revision } = mirror.stats();
    registryConnected.set({ registry }, mirror.connection.connected ? 1 : 0);
    registryRanges.set({ registry }, ranges);
    registryWatches.set({ registry }, watches);
    registryKeys.set({ registry }, keys);
    registryRevision.set({ registry }, revision);
  }
  metrics.serviceRangesKnown.set(serviceAddresses.known ? 1 : 0);
}

function setEndpointGauges(metrics: Metrics, reconciler: Reconciler): void {
  const total = { ready: 0, notReady: 0, draining: 0, held: 0, partial: 0 };
  const rejected = new Sums<RejectionReason>();
  const noticed = new Sums<NoticeReason>();
  for (const { desired, endpoints, ready, held, draining } of reconciler.tracked.published()) {
    total.ready += ready;
    total.notReady += endpoints.length - draining - ready;
    total.draining += draining;
    total.held += held;
    total.partial += desired.partial;
    for (const [reason, count] of desired.rejectedByReason) {
      rejected.add(reason, count);
    }
    for (const { reason } of desired.notices) {
      noticed.add(reason, 1);
    }
  }
  metrics.endpoints.set({ state: 'ready' }, total.ready);
  metrics.endpoints.set({ state: 'not_ready' }, total.notReady);
  metrics.endpoints.set({ state: 'draining' }, total.draining);
  metrics.endpointsHeld.set(total.held);
  metrics.endpointsPartial.set(total.partial);
  setByReason(metrics.registrationsRejected, rejected);
  setByReason(metrics.servicesNoticed, noticed);
}

interface GaugeByReason<Reason> {
  reset(): void;
  set(labels: { readonly reason: Reason }, value: number): void;
}

/** A reason that is given no more leaves no series behind. */
function setByReason<Reason>(gauge: GaugeByReason<Reason>, sums: ReadonlyMap<Reason, number>): void {
  gauge.reset();
  for (const [reason, count] of sums) {
    gauge.set({ reason }, count);
  }
}

function setObservedGauges(metrics: Metrics, { tracked }: Reconciler): void {
  const services = { equal: 0, different: 0, unknown: 0 };
  const differences = { missing: 0, superfluous: 0, different: 0, service: 0 };
  for (const { comparison, service } of tracked.observed()) {
    const total = comparison && differencesOf(comparison, service);
    services[total === undefined ? 'unknown' : total === 0 ? 'equal' : 'different'] += 1;
    differences.missing += comparison?.missing ?? 0;
    differences.superfluous += comparison?.superfluous ?? 0;
    differences.different += comparison?.different ?? 0;
    differences.service += service.length;
  }
  for (const state of ['equal', 'different', 'unknown'] as const) {
    metrics.observedServices.set({ state }, services[state]);
  }
  for (const kind of ['missing', 'superfluous', 'different', 'service'] as const) {
    metrics.observedDifferences.set({ kind }, differences[kind]);
  }
}

class Sums<Reason> extends Map<Reason, number> {
  add(reason: Reason, count: number): void {
    this.set(reason, (this.get(reason) ?? 0) + count);
  }
}
