import { type EtcdService, observes } from '../api/etcd-service.ts';
import type { ReadyReason } from '../api/reasons.ts';
import { codeOf } from '../errors.ts';
import type { Connection } from '../etcd/types.ts';
import { type ObjectKey, objectKey } from '../kube/types.ts';
import type { Guards } from './guard/guards.ts';
import type { HeldProbes } from './guard/held-probes.ts';
import type { Observing } from './observe/observing.ts';
import { type Preparer, serviceNameIn } from './preparing.ts';
import type { Found, Publishing, PublishingDeps } from './publishing.ts';
import type { Requeue } from './queue/work-queue.ts';
import { registryNameOf } from './registries/registry-name.ts';
import { type RegistryState, registryState, withoutRegistry } from './registries/registry-state.ts';
import { refusalOf, soonest, unknown, withRegistry } from './status/findings.ts';
import type { FirstStatuses, Turn } from './status/first-statuses.ts';
import { Refusal } from './status/refusal.ts';
import type { Reporter } from './status/reporting.ts';
import type { Findings } from './status/status.ts';
import { nobody, type Tracked, type TrackedServices } from './tracked.ts';

/** A refusal that hangs on objects which are not watched is looked at again after so long. */
const recheckMs = 30_000;

/** Reasons for which an EtcdService has nothing to do with the registry that it names, if there is one. */
const barring = [
  'RegistryNotFound',
  'RegistryUnusable',
  'RegistryNotGranted',
] as const satisfies readonly ReadyReason[];
const unfollowed = [
  ...barring,
  'PrefixNotAllowed',
  'ServiceConflict',
] as const satisfies readonly ReadyReason[];

export interface ReconcilerDeps extends Pick<PublishingDeps, 'clock' | 'leadsSince'> {
  /** The EtcdService of that name as it stands; undefined where there is none. */
  readonly etcdService: (key: ObjectKey) => EtcdService | undefined;
  readonly tracked: TrackedServices;
  readonly preparer: Preparer;
  readonly publishing: Publishing;
  readonly observing: Observing;
  readonly guards: Guards;
  readonly probes: HeldProbes;
  readonly reporter: Reporter;
  /** Whether a registry answers; undefined where none of that name is followed. */
  readonly connection: (registry: string) => Connection | undefined;
  readonly firstStatuses: FirstStatuses;
}

/**
 * Makes Kubernetes hold what etcd says for one EtcdService. It is given a key and looks at the state of the world, never at an event:
 * the result is the same however often and in whatever order it runs.
 */
export class Reconciler {
  readonly #deps: ReconcilerDeps;

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
  }

  /** All EtcdServices that are known, for metrics. */
  get tracked(): TrackedServices {
    return this.#deps.tracked;
  }

  async reconcile(key: ObjectKey): Promise<Requeue | undefined> {
    const { firstStatuses } = this.#deps;
    const turn = firstStatuses.begin(key);
    try {
      const object = this.#living(key);
      return object && (await this.#reconcile(turn, object));
    } finally {
      firstStatuses.end();
    }
  }

  async #reconcile(turn: Turn, object: EtcdService): Promise<Requeue | undefined> {
    const { key } = turn;
    const { tracked: all, guards, reporter, firstStatuses, leadsSince } = this.#deps;
    const guard = guards.of(object);
    guard.during(leadsSince());
    const tracked = all.track(key, object);
    const { published, lastWrite } = tracked;
    const { findings, lookAgainMs } = await this.#find(tracked, object);
    if (findings === undefined) {
      guard.leaveOut(key);
      return undefined;
    }
    this.#excuse(tracked, object, findings);
    const isNew = hasNoStatus(object);
    const hasFirst = isNew && published === undefined && tracked.lastWrite !== lastWrite;
    const waitsMs = firstStatuses.waits(turn, hasFirst);
    if (waitsMs > 0) {
      return soonest([lookAgainMs, waitsMs]);
    }
    const earlyMs = isNew && findings.ready === undefined ? firstStatuses.whileListed(turn) : 0;
    if (earlyMs > 0) {
      return { requeueAfterMs: Math.min(earlyMs, lookAgainMs ?? earlyMs), priority: 'last' };
    }
    const registry = this.#registryState(key, object, findings);
    const waitMs = await reporter.report(object, withRegistry(findings, registry.finding));
    return soonest([registry.lookAgainMs, lookAgainMs, waitMs]);
  }

  /** Nobody waits for what an EtcdService may have lost that cannot be published. */
  #excuse({ key, subscription }: Tracked, object: EtcdService, { published, ready }: Findings): void {
    if (published !== undefined || ready === undefined) {
      return;
    }
    const guard = this.#deps.guards.of(object);
    if (subscription === undefined || observes(object)) {
      guard.leaveOut(key);
    } else {
      guard.passOver(key);
    }
  }

  /** A term begins with these EtcdServices: they are known from now on, and what is done for each comes with its turn. */
  beginTerm(objects: Iterable<EtcdService>): void {
    const { tracked, firstStatuses } = this.#deps;
    firstStatuses.startOver();
    for (const object of objects) {
      const key = objectKey(object.metadata);
      // What is known under that name may be in use; if it is another one's, its turn will find out.
      if (tracked.get(key) === undefined) {
        tracked.track(key, object);
      }
      if (hasNoStatus(object)) {
        firstStatuses.expect(key);
      }
    }
  }

  /** Follows what an EtcdService asks for, and writes nothing: what a replica does that does not lead. */
  standBy(key: ObjectKey): void {
    this.#deps.firstStatuses.forget(key);
    const object = this.#living(key);
    if (object === undefined) {
      return;
    }
    const tracked = this.#deps.tracked.track(key, object);
    tracked.published = undefined;
    this.#deps.observing.end(tracked);
    tracked.dead = nobody;
    tracked.isStale = undefined;
    this.#deps.probes.forget(key);
    try {
      this.#deps.preparer.prepare(tracked, object);
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
    }
    tracked.subscription?.standBy();
    tracked.unpublishedSince = undefined;
  }

  close(): void {
    this.#deps.tracked.close();
    this.#deps.probes.close();
  }

  /** The EtcdService, unless it is gone or going: then nothing is known of it any more. */
  #living(key: ObjectKey): EtcdService | undefined {
    const object = this.#deps.etcdService(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#deps.tracked.forget(key);
      return undefined;
    }
    return object;
  }

  #registryState(key: ObjectKey, object: EtcdService, { ready }: Findings): RegistryState {
    if (ready !== undefined && (barring as readonly string[]).includes(ready.reason)) {
      return withoutRegistry;
    }
    const connection = this.#deps.connection(registryNameOf(object));
    const shown = object.status?.conditions?.find(({ type }) => type === 'RegistryConnected');
    // A registry that was just named is opened soon.
    return connection === undefined
      ? { finding: undefined, lookAgainMs: undefined }
      : registryState({ connection, key, shown, now: this.#deps.clock.monotonic() });
  }

  /** Publishes, and turns what stands against it into a finding. Errors that trying again can help go to the queue. */
  async #find(tracked: Tracked, object: EtcdService): Promise<Found> {
    try {
      return await this.#deps.publishing.publish(tracked, object);
    } catch (error) {
      if (codeOf(error) === 'KUBE_NAMESPACE_TERMINATING') {
        return {};
      }
      const refused = refusalOf(error);
      if (refused === undefined) {
        throw error;
      }
      // Its condition tells of what is refused; the age of unpublished changes is for what should have been published.
      tracked.unpublishedSince = undefined;
      if ((unfollowed as readonly string[]).includes(refused.reason)) {
        // Nothing is followed that may not be read, or that another EtcdService publishes.
        tracked.subscription?.release();
        tracked.subscription = undefined;
      }
      const findings = { ready: refused, ...unknown, serviceName: serviceNameIn(tracked, object) };
      return { findings, lookAgainMs: recheckMs };
    }
  }
}

function hasNoStatus({ status }: EtcdService): boolean {
  return status?.conditions === undefined;
}
