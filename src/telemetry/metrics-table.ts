import type { RemovalHeldReason } from '../api/reasons.ts';
import type { RunResult } from '../controller/queue/work-queue.ts';
import type { NoticeReason } from '../endpoints/notices.ts';
import type { Obstacle } from '../etcd/election/election-types.ts';
import type { ListReason } from '../etcd/mirror/observer.ts';
import type { RemovalReason } from '../explain/removal.ts';
import type { RejectionReason } from '../formats/rejection.ts';
import type { Verb } from '../kube/options.ts';

/**
 * Every metric, declared once: instruments (metrics.ts) and docs/reference/metrics.md come from this table. Label values
 * are bounded by their type or by what is said of them; none ever holds a key, an address or the name of an object.
 */
export interface MetricSpec {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  /** Label names, with what their values are. */
  readonly labels: Readonly<Record<string, Label<string>>>;
  /** Upper bounds of a histogram. */
  readonly buckets?: readonly number[];
}

/** A label: its documentation, and its values as a type alone. */
export interface Label<Value extends string> {
  readonly doc: string;
  /** Carries the type only; never set. */
  readonly __value?: Value;
}

function label<Value extends string>(doc: string): Label<Value> {
  return { doc };
}

/** 1 ms to 65 s in powers of two: from one write to a server that is away. */
const seconds = [
  0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.128, 0.256, 0.512, 1, 2, 4, 8, 16, 32, 64,
];

/** Powers of two, as Kubernetes's own controller counts endpoints in. */
const counts = Array.from({ length: 15 }, (_, power) => 2 ** (power + 1));

const controller = { controller: label('the controller, `etcdservice` or `etcdregistry`') };
const queue = { name: label('the queue, named as its controller') };
const registry = {
  registry: label('the registry by the name of its EtcdRegistry; `default` is the one of `--etcd`'),
};

export const metricTable = {
  reconciles: {
    name: 'controller_runtime_reconcile_total',
    type: 'counter',
    help: 'Reconciles that have ended.',
    labels: {
      ...controller,
      result: label<Exclude<RunResult, 'terminal' | 'panic'>>('`success`, `error` or `requeue_after`'),
    },
  },
  reconcileErrors: {
    name: 'controller_runtime_reconcile_errors_total',
    type: 'counter',
    help: 'Reconciles that have failed.',
    labels: controller,
  },
  terminalReconcileErrors: {
    name: 'controller_runtime_terminal_reconcile_errors_total',
    type: 'counter',
    help: 'Reconciles that have failed and are not tried again, since only a change of input can help.',
    labels: controller,
  },
  reconcilePanics: {
    name: 'controller_runtime_reconcile_panics_total',
    type: 'counter',
    help: 'Reconciles that have failed for a defect of the program.',
    labels: controller,
  },
  reconcileSeconds: {
    name: 'controller_runtime_reconcile_time_seconds',
    type: 'histogram',
    help: 'How long a reconcile takes.',
    labels: controller,
    buckets: seconds,
  },
  maxConcurrentReconciles: {
    name: 'controller_runtime_max_concurrent_reconciles',
    type: 'gauge',
    help: 'Workers there are (`--workers`).',
    labels: controller,
  },
  activeWorkers: {
    name: 'controller_runtime_active_workers',
    type: 'gauge',
    help: 'Workers that are at work.',
    labels: controller,
  },
  queueDepth: {
    name: 'workqueue_depth',
    type: 'gauge',
    help: 'Keys that wait for a worker.',
    labels: queue,
  },
  queueAdds: {
    name: 'workqueue_adds_total',
    type: 'counter',
    help: 'Keys that were added; one that waits already is not added again.',
    labels: queue,
  },
  queueSeconds: {
    name: 'workqueue_queue_duration_seconds',
    type: 'histogram',
    help: 'How long a key waits for a worker.',
    labels: queue,
    buckets: seconds,
  },
  workSeconds: {
    name: 'workqueue_work_duration_seconds',
    type: 'histogram',
    help: 'How long a worker takes for a key.',
    labels: queue,
    buckets: seconds,
  },
  unfinishedWorkSeconds: {
    name: 'workqueue_unfinished_work_seconds',
    type: 'gauge',
    help: 'How long the workers have been at work on what they have not finished, all together.',
    labels: queue,
  },
  longestRunningSeconds: {
    name: 'workqueue_longest_running_processor_seconds',
    type: 'gauge',
    help: 'The same, of the worker that is at it for longest.',
    labels: queue,
  },
  queueRetries: {
    name: 'workqueue_retries_total',
    type: 'counter',
    help: 'Keys that were added again after a failure.',
    labels: queue,
  },
  buildInfo: {
    name: 'etcd_endpoints_build_info',
    type: 'gauge',
    help: 'Always 1.',
    labels: { version: label('version of etcd-endpoints'), node: label('version of Node.js') },
  },
  registryConnected: {
    name: 'etcd_endpoints_registry_connected',
    type: 'gauge',
    help: 'Whether the registry answers (1) or not (0).',
    labels: registry,
  },
  registryKeys: {
    name: 'etcd_endpoints_registry_keys',
    type: 'gauge',
    help: 'Registrations in the mirror. One that several ranges share counts once.',
    labels: registry,
  },
  registryRanges: {
    name: 'etcd_endpoints_registry_ranges',
    type: 'gauge',
    help: 'Key ranges that are followed.',
    labels: registry,
  },
  registryWatches: {
    name: 'etcd_endpoints_registry_watches',
    type: 'gauge',
    help: 'Key ranges that have a list, a watch and a copy of their own. The others lie within one of these, and share it.',
    labels: registry,
  },
  registryRevision: {
    name: 'etcd_endpoints_registry_revision',
    type: 'gauge',
    help: 'The newest etcd revision that the mirror has applied.',
    labels: registry,
  },
  registryLists: {
    name: 'etcd_endpoints_registry_lists_total',
    type: 'counter',
    help: 'Complete lists of a range.',
    labels: {
      ...registry,
      reason: label<ListReason>(
        '`first`, `compacted`, `watch-ended`, `cluster-changed`, `revision-back`, `message-too-large`, `message-unreadable` or `drift`',
      ),
    },
  },
  registryEvents: {
    name: 'etcd_endpoints_registry_events_total',
    type: 'counter',
    help: 'Changes that watches brought.',
    labels: registry,
  },
  registryReconnects: {
    name: 'etcd_endpoints_registry_reconnects_total',
    type: 'counter',
    help: 'Times that the watch stream was opened again after it broke.',
    labels: registry,
  },
  registryDrift: {
    name: 'etcd_endpoints_registry_drift_total',
    type: 'counter',
    help: 'Keys that the comparison with etcd found to differ from the mirror, though no watch had told.',
    labels: registry,
  },
  serviceRangesKnown: {
    name: 'etcd_endpoints_service_ranges_known',
    type: 'gauge',
    help: 'Whether the ranges are known that Kubernetes takes addresses of Services from (1), or only addresses are refused that a Service has now (0).',
    labels: {},
  },
  leader: {
    name: 'etcd_endpoints_leader',
    type: 'gauge',
    help: 'Whether this replica leads (1) or stands by (0).',
    labels: {},
  },
  leaderTerm: {
    name: 'etcd_endpoints_leader_term',
    type: 'gauge',
    help: 'Number of the term of the leader that is known, this replica or another; 0 while none is.',
    labels: {},
  },
  electionOpen: {
    name: 'etcd_endpoints_election_open',
    type: 'gauge',
    help: 'Whether this replica knows the election that it is to stand in (1), or cannot stand yet (0); `/healthz` says why. 1 where there is no election.',
    labels: {},
  },
  leaseLosses: {
    name: 'etcd_endpoints_lease_losses_total',
    type: 'counter',
    help: 'Times that this replica lost the lease that it stood for election or led with.',
    labels: {},
  },
  electionObstacles: {
    name: 'etcd_endpoints_election_obstacles',
    type: 'gauge',
    help: "Keys under the election's name that somebody should see to; the log names them.",
    labels: {
      kind: label<Obstacle['kind']>(
        '`without-lease` (nobody can lead after it), `foreign-name` or `same-identity`',
      ),
    },
  },
  oldestUnpublishedChangeSeconds: {
    name: 'etcd_endpoints_oldest_unpublished_change_seconds',
    type: 'gauge',
    help: 'Age of the oldest change in etcd that Kubernetes does not show yet; 0 when there is none.',
    labels: {},
  },
  publishSeconds: {
    name: 'etcd_endpoints_publish_latency_seconds',
    type: 'histogram',
    help: 'From a change seen in etcd to its write acknowledged by Kubernetes.',
    labels: {},
    buckets: seconds,
  },
  endpoints: {
    name: 'etcd_endpoints_endpoints',
    type: 'gauge',
    help: 'Endpoints that are published.',
    labels: { state: label<'ready' | 'not_ready' | 'draining'>('`ready`, `not_ready` or `draining`') },
  },
  endpointsHeld: {
    name: 'etcd_endpoints_endpoints_held',
    type: 'gauge',
    help: 'Endpoints that have vanished from etcd and stay published because a guard holds them; they count as ready or not ready, too.',
    labels: {},
  },
  holds: {
    name: 'etcd_endpoints_holds_total',
    type: 'counter',
    help: 'Holds that have begun, because too many instances vanished at once.',
    labels: {
      reason: label<RemovalHeldReason>('`HeldByRegistryGuard` or `HeldByGuard`, as in the condition'),
    },
  },
  endpointsAdded: {
    name: 'etcd_endpoints_endpoints_added_per_sync',
    type: 'histogram',
    help: 'Addresses that one publication has added.',
    labels: {},
    buckets: counts,
  },
  endpointsRemoved: {
    name: 'etcd_endpoints_endpoints_removed_per_sync',
    type: 'histogram',
    help: 'Addresses that one publication has removed.',
    labels: {},
    buckets: counts,
  },
  slices: {
    name: 'etcd_endpoints_num_endpoint_slices',
    type: 'gauge',
    help: 'EndpointSlices that we keep.',
    labels: {},
  },
  slicesPacked: {
    name: 'etcd_endpoints_desired_endpoint_slices',
    type: 'gauge',
    help: 'EndpointSlices that would be enough for the same endpoints, packed perfectly. It is not aimed at: fewer writes matter more. The writes are in `etcd_endpoints_writes_total`.',
    labels: {},
  },
  endpointsPartial: {
    name: 'etcd_endpoints_endpoints_partial',
    type: 'gauge',
    help: 'Endpoints that are published without some of the ports of their Service, since the registrations lack them.',
    labels: {},
  },
  servicesNoticed: {
    name: 'etcd_endpoints_services_noticed',
    type: 'gauge',
    help: 'Services that are published with a reservation, which an Event tells, too.',
    labels: { reason: label<NoticeReason>('the reason of the Event, such as `PortsDiffer`') },
  },
  registrationsRejected: {
    name: 'etcd_endpoints_registrations_rejected',
    type: 'gauge',
    help: 'Registrations that cannot be read or published now.',
    labels: { reason: label<RejectionReason>('the reason in the status, such as `InvalidAddress`') },
  },
  writes: {
    name: 'etcd_endpoints_writes_total',
    type: 'counter',
    help: 'Writes to Kubernetes.',
    labels: {
      kind: label<'Service' | 'Endpoints' | 'EndpointSlice' | 'EtcdService' | 'EtcdRegistry'>(
        '`Service`, `Endpoints`, `EndpointSlice` or `EtcdService`',
      ),
      operation: label<'create' | 'update' | 'update_status' | 'apply' | 'patch' | 'delete'>(
        '`create`, `update`, `update_status`, `apply`, `patch` or `delete`',
      ),
      result: label<'success' | 'conflict' | 'error'>('`success`, `conflict` or `error`'),
    },
  },
  kubeRequests: {
    name: 'etcd_endpoints_kube_requests_total',
    type: 'counter',
    help: 'Requests to the apiserver.',
    labels: {
      verb: label<Verb>('as RBAC names it'),
      resource: label('plural of the resource'),
      code: label('HTTP status; `0` where none was received'),
    },
  },
  kubeRequestSeconds: {
    name: 'etcd_endpoints_kube_request_seconds',
    type: 'histogram',
    help: 'How long requests to the apiserver take; a watch ends when its stream does and is not counted here.',
    labels: { verb: label<Verb>('as RBAC names it'), resource: label('plural of the resource') },
    buckets: seconds,
  },
  observedServices: {
    name: 'etcd_endpoints_observed_services',
    type: 'gauge',
    help: 'EtcdServices of mode Observe, by how what stands compares with what would be published.',
    labels: { state: label<'equal' | 'different' | 'unknown'>('`equal`, `different` or `unknown`') },
  },
  observedDifferences: {
    name: 'etcd_endpoints_observed_differences',
    type: 'gauge',
    help: 'Differences of all EtcdServices of mode Observe together: publishing them would change so much.',
    labels: {
      kind: label<'missing' | 'superfluous' | 'different' | 'service'>(
        '`missing`, `superfluous` and `different` addresses with one port each; `service` is what of Services themselves differs',
      ),
    },
  },
  kubeWarnings: {
    name: 'etcd_endpoints_kube_warnings_total',
    type: 'counter',
    help: 'Warnings of the apiserver, such as that Endpoints are deprecated; the log has each text once.',
    labels: {},
  },
  events: {
    name: 'etcd_endpoints_events_total',
    type: 'counter',
    help: 'Kubernetes Events that were written.',
    labels: {
      type: label<'Normal' | 'Warning'>('`Normal` or `Warning`'),
      reason: label('the reason of the Event'),
    },
  },
  removals: {
    name: 'etcd_endpoints_removals_total',
    type: 'counter',
    help: 'Endpoints that were taken out of Kubernetes, by the reason that log and `explain` tell.',
    labels: { reason: label<RemovalReason>('the reason, such as `LeaseGone` or `Deleted`') },
  },
  scrapeErrors: {
    name: 'etcd_endpoints_scrape_errors_total',
    type: 'counter',
    help: 'Values that could not be computed when metrics were scraped.',
    labels: {},
  },
} as const satisfies Readonly<Record<string, MetricSpec>>;
