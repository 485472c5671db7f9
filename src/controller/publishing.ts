import type { EtcdService } from '../api/etcd-service.ts';
import type { Clock } from '../clock.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import type { RegistrySource } from '../etcd/types.ts';
import type { FlightRecorder } from '../explain/flight-recorder.ts';
import type { Service } from '../kube/resources.ts';
import type { Claim } from './claims/claim.ts';
import type { Settled } from './follow/subscription.ts';
import type { Decider, Decision } from './guard/deciding.ts';
import type { Observing } from './observe/observing.ts';
import type { Prepared, Preparer } from './preparing.ts';
import { bring } from './publish/bring.ts';
import type { Publication, Publisher } from './publish/publisher.ts';
import type { ServiceKeeper } from './publish/service-keeper.ts';
import type { Recorder } from './recorder.ts';
import type { Pending } from './registries/registries.ts';
import { registryNameOf } from './registries/registry-name.ts';
import { earliest, isPublished, unknown, whyStale, whyUnready } from './status/findings.ts';
import { isShownStale, staleness } from './status/staleness.ts';
import type { Findings, Published } from './status/status.ts';
import type { Tracked } from './tracked.ts';

/** What a reconcile has found, and when the next one has to come even though nothing changes. */
export interface Found {
  /** Undefined where there is nothing to say, nor anybody to say it to. */
  readonly findings?: Findings;
  readonly lookAgainMs?: number | undefined;
}

export interface PublishingDeps {
  readonly preparer: Preparer;
  readonly decider: Decider;
  readonly observing: Observing;
  readonly services: ServiceKeeper;
  readonly publisher: Publisher;
  readonly recorder: Recorder;
  readonly flights: FlightRecorder;
  /** Where the leases of a registry are known. */
  readonly leasesOf: (registry: string) => Pick<RegistrySource, 'leaseTime'>;
  readonly clock: Clock;
  /** After how many milliseconds without the registry endpoints are published as not ready; undefined: never. */
  readonly staleMs: number | undefined;
  /** Monotonic milliseconds at which the term under way began. */
  readonly leadsSince: () => number;
}

/** Whether all is known that decides, and what stands where that has been asked. */
interface Current extends Settled {
  readonly standing: readonly DesiredEndpoint[] | undefined;
}

/** What stands in Kubernetes after a publication. */
interface Done {
  readonly published: Published;
  readonly removal: Findings['removal'];
  readonly lookAgainMs: number | undefined;
}

/** The main job, from spec to endpoints. */
export class Publishing {
  readonly #deps: PublishingDeps;

  constructor(deps: PublishingDeps) {
    this.#deps = deps;
  }

  /** Throws a Refusal where what is asked for cannot be, and what trying again can help. */
  async publish(tracked: Tracked, object: EtcdService): Promise<Found> {
    const { preparer, observing, recorder, staleMs, clock } = this.#deps;
    const prepared = preparer.prepare(tracked, object);
    if ('pending' in prepared) {
      return whilePending(prepared);
    }
    const { claim, subscription, registry } = prepared;
    const { connection } = registry.source;
    const unready = whyUnready(subscription.failure, claim.spec, connection.connected);
    if (claim.spec.mode !== 'Observe') {
      observing.end(tracked);
    }
    if (unready?.reason === 'Paused') {
      tracked.unpublishedSince = undefined;
      return asItIs(claim, unready);
    }
    if (claim.spec.mode === 'Observe') {
      const { isSettled, lookAgainMs } = await this.#isCurrent(tracked, prepared);
      return isSettled
        ? await observing.observe(tracked, prepared, unready)
        : { ...asItIs(claim, unready), lookAgainMs };
    }
    tracked.isStale ??= isShownStale(object);
    const { isStale: wasStale } = tracked;
    const { isStale, lookAgainMs } = staleness({ connection, staleMs, wasStale, now: clock.monotonic() });
    if (isStale) {
      return await this.#publishStale(tracked, prepared);
    }
    const current = await this.#isCurrent(tracked, prepared);
    if (!current.isSettled) {
      return { ...asItIs(claim, unready), lookAgainMs: earliest(lookAgainMs, current.lookAgainMs) };
    }
    const done = await this.#bring(tracked, prepared, current.standing);
    tracked.isStale = false;
    recorder.noticed(object, tracked.published?.desired, done.published.desired);
    tracked.published = done.published;
    return {
      findings: findingsOf(claim, unready ?? isPublished, done),
      lookAgainMs: earliest(lookAgainMs, current.lookAgainMs, done.lookAgainMs),
    };
  }

  /**
   * Whether all is known that decides: one list since the term began, and since the registry is back that had been away for too long, and what
   * stands in for what cannot be read.
   */
  async #isCurrent(tracked: Tracked, prepared: Prepared): Promise<Current> {
    const { decider, leadsSince } = this.#deps;
    const { subscription, registry } = prepared;
    subscription.during(leadsSince());
    const backSince = tracked.isStale ? registry.source.connection.sinceMonotonic : Number.NEGATIVE_INFINITY;
    if (!(subscription.isSynced && subscription.isListedSince(Math.max(leadsSince(), backSince)))) {
      return { isSettled: false, lookAgainMs: undefined, standing: undefined };
    }
    const standing = await decider.standingNow(tracked, prepared);
    return { ...subscription.settle(standing), standing };
  }

  /** Decides, and brings to Kubernetes what was decided. */
  async #bring(tracked: Tracked, prepared: Prepared, standing: Current['standing']): Promise<Done> {
    let known = standing;
    const decide = (): Promise<Decision> => {
      const before = known;
      // When it is decided once more, something else may stand.
      known = undefined;
      return this.#decide(tracked, prepared, before);
    };
    try {
      const { decision, publication } = await bring(prepared, this.#deps, {
        decide,
        ensure: (service, decided) => this.#write(tracked, prepared.claim, service, decided),
      });
      const lookAgainMs = earliest(decision.lookAgainMs, publication.lookAgainMs);
      return { published: decision, removal: decision.removal, lookAgainMs };
    } catch (error) {
      tracked.unpublishedSince = tracked.writingSince ?? tracked.unpublishedSince;
      throw error;
    } finally {
      tracked.writingSince = undefined;
    }
  }

  /** What is decided now is being written from now on: what changes after it is not. */
  async #decide(tracked: Tracked, prepared: Prepared, standing: Current['standing']): Promise<Decision> {
    const { decider } = this.#deps;
    tracked.writingSince ??= tracked.unpublishedSince;
    tracked.unpublishedSince = undefined;
    return await decider.decide(
      tracked,
      prepared,
      standing ?? (await decider.standingNow(tracked, prepared)),
    );
  }

  async #write(tracked: Tracked, claim: Claim, service: Service, published: Published): Promise<Publication> {
    const { recorder, flights, leasesOf, clock } = this.#deps;
    const { endpoints } = published;
    const { writingSince } = tracked;
    const publication = await this.#ensure(tracked, claim, service, endpoints);
    if (publication.write !== undefined) {
      const waitedMs = writingSince === undefined ? 0 : clock.monotonic() - writingSince;
      recorder.published(claim, published, publication.write, waitedMs);
      tracked.lastWrite = { at: clock.now(), revision: published.revision };
      const source = leasesOf(registryNameOf(claim.object));
      flights.published(tracked.key, {
        before: publication.write.before,
        after: endpoints,
        revision: published.revision,
        source,
      });
    }
    return publication;
  }

  /** Brings endpoints to Kubernetes. Until that is done, what stands is what objects tell. */
  async #ensure(
    tracked: Tracked,
    claim: Claim,
    service: Service,
    endpoints: readonly DesiredEndpoint[],
  ): Promise<Publication> {
    const { publisher, leadsSince } = this.#deps;
    claim.assertSameTerm();
    const term = leadsSince();
    tracked.standing = undefined;
    const publication = await publisher.ensure(claim, service, endpoints);
    tracked.standing = { term, endpoints };
    return publication;
  }

  /** Nobody knows whether the instances live: they stay, as not ready. */
  async #publishStale(tracked: Tracked, prepared: Prepared): Promise<Found> {
    const { claim, existing } = prepared;
    const { before, endpoints, draining, lookAgainMs } = this.#deps.decider.decideStale(tracked, prepared);
    tracked.isStale = true;
    const publication =
      existing !== undefined && before.length > 0
        ? await this.#ensure(tracked, claim, existing, endpoints)
        : undefined;
    const published = tracked.published && { ...tracked.published, endpoints, ready: 0, draining };
    // Who looks for what a registry's return changes may have looked before this was published.
    const isBack = prepared.registry.source.connection.connected;
    return {
      findings: findingsOf(claim, whyStale, { published, removal: undefined }),
      lookAgainMs: isBack ? 0 : earliest(lookAgainMs, publication?.lookAgainMs),
    };
  }
}

/** How soon it is looked again for what is being listed, and for what cannot be. */
const pendingMs = 1000;
const failingMs = 30_000;

function whilePending({ pending, isFailure }: Pending): Found {
  const ready = { status: 'Unknown', reason: 'NotSynced', message: pending } as const;
  return {
    findings: { ...unknown, ready: isFailure ? ready : undefined },
    lookAgainMs: isFailure ? failingMs : pendingMs,
  };
}

/** Everything stays as it is. */
function asItIs({ serviceName }: Claim, ready: Findings['ready']): Found {
  return { findings: { ready, ...unknown, serviceName } };
}

function findingsOf(
  { serviceName }: Claim,
  ready: Findings['ready'],
  { published, removal }: Pick<Findings, 'published' | 'removal'>,
): Findings {
  return { ...unknown, ready, serviceName, published, removal };
}
