import { type EtcdService, type EtcdServiceSpec, serviceNameOf } from '../api/etcd-service.ts';
import type { Clock } from '../clock.ts';
import { type AllowedPrefix, mayRead } from '../config/allowed-prefix.ts';
import type { Desired } from '../endpoints/desired.ts';
import type { ServicePort } from '../endpoints/types.ts';
import { codeOf, RetryableError } from '../errors.ts';
import type { RegistrySource } from '../etcd/types.ts';
import type { Service } from '../kube/resources.ts';
import type { ObjectKey } from '../kube/types.ts';
import type { Claim } from './claim.ts';
import type { Claims } from './claims.ts';
import {
  isPublished,
  nothingHeld,
  refusalOf,
  soonest,
  unknown,
  whyUnready,
  withRegistry,
} from './findings.ts';
import { type Filled, followingOf } from './following.ts';
import type { OwnWrites } from './own-writes.ts';
import type { Publication, Publisher } from './publisher.ts';
import type { Recorder } from './recorder.ts';
import { Refusal } from './refusal.ts';
import { registryState } from './registry-state.ts';
import type { ServiceKeeper } from './service-keeper.ts';
import { readSpec } from './spec.ts';
import { type Findings, nextStatus } from './status.ts';
import type { StatusWriter } from './status-writer.ts';
import { Subscription } from './subscription.ts';
import type { Requeue } from './work-queue.ts';

/** A status says that the registry is being listed only where that takes longer; mostly it takes milliseconds. */
const firstStatusAfterMs = 2000;
/** A refusal that hangs on objects which are not watched is looked at again after so long. */
const recheckMs = 30_000;

export interface ReconcilerDeps {
  readonly etcdServices: OwnWrites<EtcdService>;
  readonly claims: Claims;
  readonly source: RegistrySource;
  readonly services: ServiceKeeper;
  readonly publisher: Publisher;
  readonly statuses: StatusWriter;
  readonly recorder: Recorder;
  readonly clock: Clock;
  readonly allowedPrefixes: readonly AllowedPrefix[];
  readonly maxValueBytes: number;
  /** Monotonic milliseconds at which the term under way began. */
  readonly leadsSince: () => number;
  /** What should be published may have changed; `isFirst` until the registry's first complete list. */
  readonly changed: (key: ObjectKey, isFirst: boolean) => void;
}

/** What is known of one EtcdService between reconciles. Nothing of it decides what is published but the subscription. */
interface Tracked {
  readonly uid: string | undefined;
  /** Monotonic milliseconds. */
  readonly trackedSince: number;
  subscription: Subscription | undefined;
  spec: { readonly generation: number | undefined; readonly read: ReturnType<typeof readSpec> } | undefined;
  /** What was published last, for metrics and for telling what is new. */
  desired: Desired | undefined;
  /** Monotonic milliseconds of the oldest change that is not published yet. */
  unpublishedSince: number | undefined;
  /** The same of the changes that are being written: they are published when the apiserver has answered, which can take its time. */
  writingSince: number | undefined;
}

/** What a reconcile has found, and when the next one has to come even though nothing changes. */
interface Found {
  /** Undefined where there is nothing to say, nor anybody to say it to. */
  readonly findings?: Findings;
  readonly lookAgainMs?: number | undefined;
}

interface Prepared {
  readonly claim: Claim;
  /** The Service as it stands. */
  readonly existing: Service | undefined;
  readonly ports: readonly ServicePort[];
  readonly subscription: Subscription;
}

/**
 * Makes Kubernetes hold what etcd says for one EtcdService. It is given a key and looks at the state of the world, never at an event:
 * the result is the same however often and in whatever order it runs.
 */
export class Reconciler {
  readonly #deps: ReconcilerDeps;
  readonly #tracked = new Map<ObjectKey, Tracked>();

  constructor(deps: ReconcilerDeps) {
    this.#deps = deps;
  }

  async reconcile(key: ObjectKey): Promise<Requeue | undefined> {
    const object = this.#deps.etcdServices.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#forget(key);
      return undefined;
    }
    const tracked = this.#track(key, object);
    const registry = registryState(this.#deps.source.connection, key, this.#deps.clock.now());
    const { findings, lookAgainMs } = await this.#find(key, tracked, object);
    if (findings === undefined) {
      return undefined;
    }
    const isFirst = object.status?.conditions === undefined && findings.ready === undefined;
    const earlyMs = isFirst ? firstStatusAfterMs - this.#age(tracked.trackedSince) : 0;
    if (earlyMs > 0) {
      return { requeueAfterMs: earlyMs };
    }
    const waitMs = await this.#report(key, object, withRegistry(findings, registry.finding));
    return soonest([registry.lookAgainMs, lookAgainMs, waitMs]);
  }

  /** Follows what an EtcdService asks for, and writes nothing: what a replica does that does not lead. */
  standBy(key: ObjectKey): void {
    const object = this.#deps.etcdServices.get(key);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      this.#forget(key);
      return;
    }
    const tracked = this.#track(key, object);
    tracked.desired = undefined;
    try {
      this.#prepare(key, tracked, object);
    } catch (error) {
      if (!(error instanceof Refusal)) {
        throw error;
      }
    }
    tracked.unpublishedSince = undefined;
  }

  /** What was published last of each EtcdService, for metrics. */
  *published(): Iterable<Desired> {
    for (const { desired } of this.#tracked.values()) {
      if (desired !== undefined) {
        yield desired;
      }
    }
  }

  /** Monotonic milliseconds of the oldest change that Kubernetes does not show. */
  oldestUnpublished(): number | undefined {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { unpublishedSince, writingSince } of this.#tracked.values()) {
      const since = writingSince ?? unpublishedSince;
      if (since !== undefined) {
        oldest = Math.min(oldest, since);
      }
    }
    return Number.isFinite(oldest) ? oldest : undefined;
  }

  close(): void {
    for (const key of [...this.#tracked.keys()]) {
      this.#forget(key);
    }
  }

  #track(key: ObjectKey, { metadata }: EtcdService): Tracked {
    const known = this.#tracked.get(key);
    if (known !== undefined && known.uid === metadata.uid) {
      return known;
    }
    this.#forget(key);
    const tracked: Tracked = {
      uid: metadata.uid,
      trackedSince: this.#deps.clock.monotonic(),
      subscription: undefined,
      spec: undefined,
      desired: undefined,
      unpublishedSince: undefined,
      writingSince: undefined,
    };
    this.#tracked.set(key, tracked);
    return tracked;
  }

  #forget(key: ObjectKey): void {
    this.#tracked.get(key)?.subscription?.release();
    this.#tracked.delete(key);
    this.#deps.statuses.forget(key);
  }

  /** Publishes, and turns what stands against it into a finding. Errors that trying again can help go to the queue. */
  async #find(key: ObjectKey, tracked: Tracked, object: EtcdService): Promise<Found> {
    try {
      return await this.#publish(key, tracked, object);
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
      if (refused.reason === 'PrefixNotAllowed' || refused.reason === 'ServiceConflict') {
        // Nothing is followed that may not be read, or that another EtcdService publishes.
        tracked.subscription?.release();
        tracked.subscription = undefined;
      }
      const findings = { ready: refused, ...unknown, serviceName: serviceNameIn(tracked, object) };
      return { findings, lookAgainMs: recheckMs };
    }
  }

  /** The main job, from spec to endpoints. */
  async #publish(key: ObjectKey, tracked: Tracked, object: EtcdService): Promise<Found> {
    const { services, publisher, recorder, source } = this.#deps;
    const { claim, existing, ports, subscription } = this.#prepare(key, tracked, object);
    const { serviceName } = claim;
    const unready = whyUnready(subscription.failure, claim.spec, source.connection.connected);
    if (unready?.reason === 'Paused') {
      tracked.unpublishedSince = undefined;
    }
    const isCurrent = subscription.isSynced && subscription.isListedSince(this.#deps.leadsSince());
    if (!isCurrent || unready?.reason === 'Paused') {
      return { findings: { ready: unready, ...unknown, serviceName } };
    }

    if (!(await subscription.settle(publisher.published(claim)))) {
      return { findings: { ready: undefined, ...unknown, serviceName } };
    }
    const service = await services.ensure(claim, existing, ports);
    // Kubernetes has chosen what the spec leaves open, such as families of addresses.
    subscription.update(followingOf(claim, { ports, service }, this.#deps.maxValueBytes));
    tracked.writingSince = tracked.unpublishedSince;
    tracked.unpublishedSince = undefined;
    const desired = subscription.desired();
    const revision = subscription.revision;
    let publication: Publication;
    try {
      publication = await publisher.ensure(claim, service, desired.endpoints);
      if (publication.write !== undefined) {
        recorder.published(claim, desired, revision, publication.write, this.#age(tracked.writingSince));
      }
    } catch (error) {
      tracked.unpublishedSince = tracked.writingSince ?? tracked.unpublishedSince;
      throw error;
    } finally {
      tracked.writingSince = undefined;
    }
    const adopted = await services.adopt(claim, service);
    if (adopted !== service) {
      await publisher.ensure(claim, adopted, desired.endpoints);
    }
    recorder.noticed(object, tracked.desired, desired);
    tracked.desired = desired;
    return {
      findings: {
        ready: unready ?? isPublished,
        serviceName,
        published: { desired, revision, held: 0, draining: 0 },
        registry: undefined,
        removal: nothingHeld,
      },
      lookAgainMs: publication.lookAgainMs,
    };
  }

  /** Everything up to the first write: what is asked for, whose the name is, and what is followed for it. */
  #prepare(key: ObjectKey, tracked: Tracked, object: EtcdService): Prepared {
    const { services, claims } = this.#deps;
    const claim = { ...claims.of(object, specOf(tracked, object)), assertSameTerm: this.#termGuard() };
    const existing = services.existing(claim);
    const ports = services.ports(claim, existing);
    return {
      claim,
      existing,
      ports,
      subscription: this.#subscribe(key, tracked, claim, { ports, service: existing }),
    };
  }

  #subscribe(key: ObjectKey, tracked: Tracked, claim: Claim, filled: Filled): Subscription {
    const following = followingOf(claim, filled, this.#deps.maxValueBytes);
    if (!mayRead(this.#deps.allowedPrefixes, claim.namespace, following.range)) {
      const { prefix, key: single } = claim.spec;
      throw new Refusal(
        'PrefixNotAllowed',
        `Namespace ${claim.namespace} may not read ${JSON.stringify(prefix ?? single)}; see --allowed-prefix`,
      );
    }
    if (tracked.subscription === undefined) {
      tracked.subscription = new Subscription(this.#deps.source, following, () =>
        this.#changed(key, tracked),
      );
    } else {
      tracked.subscription.update(following);
    }
    return tracked.subscription;
  }

  /** A run that outlives its term must not write in the next one, which has not listed for it. */
  #termGuard(): () => void {
    const { leadsSince } = this.#deps;
    const since = leadsSince();
    return () => {
      if (leadsSince() !== since) {
        throw new RetryableError('TERM_ENDED', 'the term of this reconcile is over');
      }
    };
  }

  #changed(key: ObjectKey, tracked: Tracked): void {
    tracked.unpublishedSince ??= this.#deps.clock.monotonic();
    this.#deps.changed(key, tracked.desired === undefined);
  }

  #age(since: number | undefined): number {
    return since === undefined ? 0 : this.#deps.clock.monotonic() - since;
  }

  async #report(key: ObjectKey, object: EtcdService, findings: Findings): Promise<number | undefined> {
    const { statuses, recorder, clock } = this.#deps;
    const before = object.status ?? {};
    const generation = object.metadata.generation ?? 0;
    const status = nextStatus({ findings, before, generation, now: clock.now() });
    const waitMs = await statuses.write(key, object, status);
    const old = before.conditions?.find(({ type }) => type === 'Ready');
    const { ready } = findings;
    if (ready !== undefined && old?.reason !== ready.reason) {
      recorder.readyChanged(object, ready);
    }
    return waitMs;
  }
}

/** The spec, read once a generation. */
function specOf(tracked: Tracked, object: EtcdService): EtcdServiceSpec {
  const { generation } = object.metadata;
  if (tracked.spec === undefined || tracked.spec.generation !== generation) {
    tracked.spec = { generation, read: readSpec(object) };
  }
  const { read } = tracked.spec;
  if (read instanceof Refusal) {
    throw read;
  }
  return read;
}

/** The Service that a spec names; undefined where the spec cannot be read. */
function serviceNameIn({ spec }: Tracked, { metadata }: EtcdService): string | undefined {
  const read = spec?.read;
  return read === undefined || read instanceof Refusal ? undefined : serviceNameOf(metadata.name, read);
}
