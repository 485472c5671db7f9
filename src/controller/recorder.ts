import type { Condition } from '../api/condition.ts';
import type { EtcdCatalog } from '../api/etcd-catalog.ts';
import type { EtcdRegistry } from '../api/etcd-registry.ts';
import type { EtcdService } from '../api/etcd-service.ts';
import type { EqualReason, EventReason, ReadyReason, RemovalHeldReason } from '../api/reasons.ts';
import type { Desired, RejectedSample } from '../endpoints/desired.ts';
import type { Hold } from '../endpoints/guard/hold.ts';
import { maxAddresses } from '../endpoints/subsets.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import type { EndpointSlice } from '../kube/resources.ts';
import { type EventRecorder, type KubeObject, objectKey } from '../kube/types.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Claim } from './claims/claim.ts';
import type { Write } from './publish/publisher.ts';
import type { ServiceAction } from './publish/service-keeper.ts';
import type { Finding, Published } from './status/status.ts';

type RemovalFinding = Finding<RemovalHeldReason>;

/** What is held of one EtcdService. */
export interface Held {
  readonly hold: Hold;
  /** Endpoints. */
  readonly held: number;
  /** Whether the hold has not been told of before. */
  readonly isNews: boolean;
}

export interface RecorderDeps {
  readonly log: Logger;
  readonly events: EventRecorder;
  readonly metrics: Metrics;
}

/** Makes every decision visible: the same reason in log line, Event and metric (design, promise 7). */
export class Recorder {
  readonly #deps: RecorderDeps;

  constructor(deps: RecorderDeps) {
    this.#deps = deps;
  }

  /**
   * A term has begun; `own` is the namespace that the controller runs in. The Event stands in it, where the controller may write and people
   * look, and not in `default`, where Events about objects without a namespace would go.
   */
  termBegan(own: KubeObject, term: number, replica: string): void {
    const { metadata } = own;
    const about = { ...own, metadata: { ...metadata, namespace: metadata.name } };
    const message = `Replica ${replica} leads in term ${term}`;
    this.#deps.events.record(about, { type: 'Normal', reason: 'TermBegan' satisfies EventReason, message });
    this.#deps.metrics.events.inc({ type: 'Normal', reason: 'TermBegan' });
  }

  serviceWritten(claim: Claim, action: ServiceAction): void {
    const reasons = {
      created: 'ServiceCreated',
      updated: 'ServiceUpdated',
      adopted: 'ServiceAdopted',
      converted: 'ServiceConverted',
    } as const;
    this.#log(claim.object).info({ service: claim.key, reason: reasons[action] }, `Service ${action}`);
    this.#event(claim.object, 'Normal', reasons[action], `Service ${claim.serviceName} ${action}`);
  }

  /** `waitedMs` is the age of the oldest change that the write publishes. */
  published(claim: Claim, published: Published, write: Write, waitedMs: number): void {
    const { endpoints, revision, held, draining } = published;
    const { added, removed } = compare(write.before, endpoints);
    const ready = endpoints.filter((endpoint) => endpoint.ready).length;
    // The most frequent line of all: to make a logger that has its EtcdService takes longer than to write that into it.
    const fields = {
      etcdService: objectKey(claim.object.metadata),
      service: claim.key,
      action: write.action,
      revision,
      endpoints: endpoints.length,
      ready,
      ...(held === 0 ? {} : { held }),
      ...(draining === 0 ? {} : { draining }),
      added,
      removed,
      waitedMs: Math.round(waitedMs),
    };
    this.#deps.log.info(fields, 'Published endpoints');
    const { metrics } = this.#deps;
    metrics.publishSeconds.observe(waitedMs / 1000);
    metrics.endpointsAdded.observe(added);
    metrics.endpointsRemoved.observe(removed);
    if (write.action === 'adopt') {
      this.#event(claim.object, 'Normal', 'EndpointsAdopted', `Took over Endpoints ${claim.serviceName}`);
    }
    if (write.truncated && write.before.length < maxAddresses) {
      const message = `${endpoints.length} addresses are more than one Endpoints object may hold; it holds 1000 of them`;
      this.#event(claim.object, 'Warning', 'OverCapacity', message);
    }
  }

  endpointsRemoved(claim: Claim): void {
    this.#event(claim.object, 'Normal', 'EndpointsRemoved', `Endpoints ${claim.serviceName} deleted`);
    this.#log(claim.object).info({ service: claim.key, reason: 'EndpointsRemoved' }, 'Endpoints deleted');
  }

  foreignSlicesRemoved(claim: Claim, slices: readonly EndpointSlice[]): void {
    const names = slices.map(({ metadata }) => metadata.name);
    const shown =
      names.length > 5 ? `${names.slice(0, 5).join(', ')} and ${names.length - 5} more` : names.join(', ');
    const message = `Service ${claim.serviceName} was taken over; EndpointSlices of others deleted: ${shown}`;
    this.#event(claim.object, 'Normal', 'SlicesAdopted', message);
    this.#log(claim.object).info(
      { service: claim.key, reason: 'SlicesAdopted', slices: names },
      'EndpointSlices of others deleted',
    );
  }

  notMirrored(claim: Claim): void {
    const message = `Kubernetes has not mirrored Endpoints ${claim.serviceName} within two minutes; our EndpointSlices were deleted`;
    this.#event(claim.object, 'Warning', 'SlicesNotMirrored', message);
    this.#log(claim.object).warn(
      { service: claim.key, reason: 'SlicesNotMirrored' },
      'Endpoints not mirrored',
    );
  }

  /** What a user should know of registrations; told when it changes, not at every reconcile. */
  noticed(object: EtcdService, before: Desired | undefined, desired: Desired): void {
    for (const { key, reason, message } of newSamples(before?.rejected ?? [], desired.rejected)) {
      this.#log(object).warn({ key, reason, problem: message }, 'Rejected registration');
    }
    this.#noticedRejections(object, before, desired);
    const known = new Map(before?.notices.map(({ reason, count }) => [reason, count]));
    for (const { reason, count, message } of desired.notices) {
      if (count > (known.get(reason) ?? 0)) {
        this.#log(object).warn({ reason, count, problem: message }, 'Published with a reservation');
        this.#event(object, 'Warning', reason, message);
      }
    }
  }

  /** The condition Ready has changed its reason. */
  readyChanged(object: EtcdService, { status, reason, message }: Finding<ReadyReason>): void {
    if (status !== 'False') {
      this.#log(object).info({ ready: status, reason }, 'Readiness changed');
      return;
    }
    this.#log(object).warn({ ready: status, reason, problem: message }, 'Readiness changed');
    this.#event(object, 'Warning', reason, message);
  }

  /** The condition Equal of one that is only observed has changed its reason. */
  equalChanged(object: EtcdService, { status, reason, message }: Finding<EqualReason>): void {
    this.#log(object).info({ equal: status, reason, problem: message }, 'Equality changed');
    this.#event(object, 'Normal', reason, message);
  }

  /** An EtcdService has something that is held from now on; `isNews` where the hold itself has just begun. */
  holdBegan(object: EtcdService, { reason, message }: RemovalFinding, { hold, held, isNews }: Held): void {
    this.#log(object).warn({ reason, hold: hold.id, held, problem: message }, 'Removals are held');
    if (isNews) {
      this.#deps.metrics.holds.inc({ reason });
      this.#event(object, 'Warning', reason, message);
    }
  }

  holdEnded(object: EtcdService, { reason, message }: RemovalFinding): void {
    this.#log(object).info({ reason, hold: message }, 'Nothing is held any more');
  }

  /** The condition Connected of an EtcdRegistry has another reason. Its Event stands where that of a term does. */
  registryTold(object: EtcdRegistry, ownNamespace: string, { status, reason, message }: Condition): void {
    const { name } = object.metadata;
    const log = this.#deps.log.child({ registry: name });
    if (status === 'True' && reason === 'Connected') {
      log.info({ connected: status, reason }, 'Registry changed');
      return;
    }
    log.warn({ connected: status, reason, problem: message }, 'Registry changed');
    const about = { ...object, metadata: { ...object.metadata, namespace: ownNamespace } };
    this.#deps.events.record(about, { type: 'Warning', reason, message });
    this.#deps.metrics.events.inc({ type: 'Warning', reason });
  }

  /** A condition of a catalog has another reason. The Event stands in the namespace of the controller, as those of registries do. */
  catalogTold(object: EtcdCatalog, ownNamespace: string, { type, status, reason, message }: Condition): void {
    const log = this.#deps.log.child({ catalog: object.metadata.name });
    const isWarning = type === 'PruningHeld' ? status === 'True' : status === 'False';
    if (!isWarning) {
      log.info({ condition: type, status, reason }, 'Catalog changed');
      return;
    }
    log.warn({ condition: type, status, reason, problem: message }, 'Catalog changed');
    const about = { ...object, metadata: { ...object.metadata, namespace: ownNamespace } };
    this.#deps.events.record(about, { type: 'Warning', reason, message });
    this.#deps.metrics.events.inc({ type: 'Warning', reason });
  }

  #noticedRejections(object: EtcdService, before: Desired | undefined, { counts, rejected }: Desired): void {
    const first = rejected[0];
    if (first === undefined || counts.rejected <= (before?.counts.rejected ?? 0)) {
      return;
    }
    const message = `${counts.rejected} ${counts.rejected === 1 ? 'registration' : 'registrations'} rejected, such as ${first.key}: ${first.reason}: ${first.message}`;
    this.#event(object, 'Warning', 'RegistrationsRejected', message);
  }

  #event(
    object: EtcdService,
    type: 'Normal' | 'Warning',
    reason: EventReason | ReadyReason | RemovalHeldReason | EqualReason,
    message: string,
  ): void {
    this.#deps.events.record(object, { type, reason, message });
    this.#deps.metrics.events.inc({ type, reason });
  }

  #log(object: EtcdService): Logger {
    return this.#deps.log.child({ etcdService: objectKey(object.metadata) });
  }
}

function newSamples(
  before: readonly RejectedSample[],
  after: readonly RejectedSample[],
): readonly RejectedSample[] {
  const known = new Set(before.map(({ key, reason }) => `${reason} ${key}`));
  return after.filter(({ key, reason }) => !known.has(`${reason} ${key}`));
}

/** How many addresses came and went. */
function compare(
  before: readonly DesiredEndpoint[],
  after: readonly DesiredEndpoint[],
): { added: number; removed: number } {
  const old = new Set(before.map(({ address }) => address));
  const current = new Set(after.map(({ address }) => address));
  const stayed = old.intersection(current).size;
  return { added: current.size - stayed, removed: old.size - stayed };
}
