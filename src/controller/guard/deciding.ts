import type { EtcdService } from '../../api/etcd-service.ts';
import type { Clock } from '../../clock.ts';
import type { Desired } from '../../endpoints/desired.ts';
import { type DrainInput, drain } from '../../endpoints/drain.ts';
import type { Hold } from '../../endpoints/guard/hold.ts';
import { endpointId } from '../../endpoints/match-ports.ts';
import { Served } from '../../endpoints/served.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { FlightRecorder } from '../../explain/flight-recorder.ts';
import type { Claim } from '../claims/claim.ts';
import type { Prepared } from '../preparing.ts';
import type { Publisher } from '../publish/publisher.ts';
import { earliest } from '../status/findings.ts';
import type { Reporter } from '../status/reporting.ts';
import { asStale } from '../status/staleness.ts';
import type { Findings, Published } from '../status/status.ts';
import type { Tracked } from '../tracked.ts';
import type { Verdict } from './guard-types.ts';
import type { Guards } from './guards.ts';
import type { HeldProbes } from './held-probes.ts';
import { releasedHold, removalFinding, serviceLimits, shownHold } from './hold-findings.ts';

/** What is to be published, and why it differs from what etcd says. */
export interface Decision extends Published {
  readonly removal: Findings['removal'];
  /** After how many milliseconds it has to be decided anew though nothing changes. */
  readonly lookAgainMs: number | undefined;
}

/** What a decision follows from. */
interface Judged {
  /** What stands. */
  readonly before: readonly DesiredEndpoint[];
  readonly verdict: Verdict;
  readonly dead: ReadonlySet<string>;
  readonly object: EtcdService;
  readonly revision: number;
}

/** What is to be published of endpoints some of which drain. */
interface Draining {
  readonly endpoints: readonly DesiredEndpoint[];
  readonly draining: number;
  /** When the next one has drained, in milliseconds from now; undefined where none drains. */
  readonly lookAgainMs: number | undefined;
}

/** What is to be published while nobody knows whether it lives. */
interface Stale extends Draining {
  /** What stands. */
  readonly before: readonly DesiredEndpoint[];
}

export interface DeciderDeps {
  readonly guards: Guards;
  readonly publisher: Publisher;
  readonly probes: HeldProbes;
  readonly reporter: Reporter;
  readonly flights: FlightRecorder;
  readonly clock: Clock;
  /** How long removed endpoints drain where spec.drainSeconds is absent, in milliseconds. */
  readonly drainMs: number;
  /** Monotonic milliseconds at which the term under way began. */
  readonly leadsSince: () => number;
}

/** Decides what becomes of endpoints that are published and that etcd names no more: they are held, drain, or go. */
export class Decider {
  readonly #deps: DeciderDeps;

  constructor(deps: DeciderDeps) {
    this.#deps = deps;
  }

  /**
   * Decides by what stands, as {@link standingNow} has told. A hold that begins is told in the status before this resolves, and so before anything is published:
   * no crash in between loses it.
   */
  async decide(tracked: Tracked, prepared: Prepared, before: readonly DesiredEndpoint[]): Promise<Decision> {
    const { claim, subscription } = prepared;
    const object = this.#deps.reporter.latest(claim.object);
    const guard = this.#deps.guards.of(claim.object);
    const dead = this.#dead(tracked, before, subscription.desired());
    for (const id of dead) {
      guard.dismiss(tracked.key, id);
    }
    const shown = shownHold(object);
    // A hold outlasts changes of the spec: what vanished before one was no statement of it.
    const isSpecStated = shown === undefined && isSpecNew(claim.object);
    const judged = guard.judge(tracked.key, {
      subject: subscription,
      isSpecStated,
      limits: serviceLimits(claim.spec.guard),
      published: () => before,
      shown,
      released: releasedHold(object),
    });
    const admitted = subscription.admitted(judged.held);
    const verdict = { ...judged, held: asTheyStand(admitted, before, judged.comesBack) };
    const { held, hold } = verdict;
    this.#deps.flights.holds(tracked.key, { held, hold, released: releasedHold(object) });
    const { revision } = subscription;
    const decision = this.#decision(claim, { before, verdict, dead, object, revision });
    await this.#announce(claim, object, hold, decision);
    const probeMs = this.#probe(tracked, claim, verdict);
    return { ...decision, lookAgainMs: earliest(decision.lookAgainMs, probeMs) };
  }

  /** What becomes of what stands while nobody knows whether it lives: it is not ready, and what drains goes at its time. */
  decideStale(tracked: Tracked, prepared: Prepared): Stale {
    const before = this.standing(tracked, prepared);
    const next = asStale(before.filter(({ drainUntil }) => drainUntil === undefined));
    return { before, ...this.#drain(prepared.claim, { before, next, dead: tracked.dead }) };
  }

  #decision(claim: Claim, { before, verdict, dead, object, revision }: Judged): Decision {
    const { desired, held } = verdict;
    const next = held.length === 0 ? desired.endpoints : [...desired.endpoints, ...held];
    const { endpoints, draining, lookAgainMs } = this.#drain(claim, { before, next, dead });
    return {
      desired,
      endpoints,
      revision,
      ready: endpoints.filter(({ ready }) => ready).length,
      held: held.length,
      draining,
      removal: removalFinding(verdict, object, this.#deps.clock.now()),
      lookAgainMs: earliest(verdict.lookAgainMs, lookAgainMs),
    };
  }

  #drain({ spec }: Claim, change: Pick<DrainInput, 'before' | 'next' | 'dead'>): Draining {
    const now = this.#deps.clock.now();
    const drainMs = spec.drainSeconds === undefined ? this.#deps.drainMs : spec.drainSeconds * 1000;
    const { endpoints, draining, nextDeadline } = drain({ ...change, drainMs, now });
    return { endpoints, draining, lookAgainMs: nextDeadline && nextDeadline - now };
  }

  /**
   * What Kubernetes holds for this EtcdService: as this leader has written it, or as its objects tell. An address that may not be published
   * any more is left out: it is not held, does not drain and stands in for nothing.
   */
  standing({ standing }: Tracked, { claim, subscription }: Prepared): readonly DesiredEndpoint[] {
    const { publisher, leadsSince } = this.#deps;
    const all = standing?.term === leadsSince() ? standing.endpoints : publisher.published(claim);
    return subscription.admitted(all);
  }

  /**
   * The same, for what follows from it. What stands although etcd names it no more would be held, or drain, or stand in for what cannot be read; where
   * only objects tell of it, their cache may be behind what the former leader has removed, and Kubernetes itself is asked first, once a term.
   */
  async standingNow(tracked: Tracked, prepared: Prepared): Promise<readonly DesiredEndpoint[]> {
    const { publisher, leadsSince } = this.#deps;
    const { claim, subscription } = prepared;
    const term = leadsSince();
    const standing = this.standing(tracked, prepared);
    const isKnown = tracked.standing?.term === term || tracked.lookedIn === term;
    if (isKnown || (!subscription.isInDoubt && areAllNamed(standing, subscription.desired()))) {
      return standing;
    }
    await publisher.lookAgain(claim);
    tracked.lookedIn = term;
    return this.standing(tracked, prepared);
  }

  /** Endpoints that were found dead are so until they stand no more, however many tries that takes, or etcd names them again. */
  #dead(tracked: Tracked, before: readonly DesiredEndpoint[], { byId: named }: Desired): ReadonlySet<string> {
    const found = new Set([...tracked.dead, ...this.#deps.probes.takeDead(tracked.key)]);
    if (found.size > 0) {
      const standing = before.map(endpointId);
      tracked.dead = new Set(standing.filter((id) => found.has(id) && !named.has(id)));
    }
    return tracked.dead;
  }

  async #announce(
    claim: Claim,
    object: EtcdService,
    hold: Hold | undefined,
    decision: Decision,
  ): Promise<void> {
    if (hold !== undefined && shownHold(object)?.id !== hold.id) {
      claim.assertSameTerm();
      await this.#deps.reporter.holdBegan(claim.object, hold, decision);
    }
  }

  #probe({ key }: Tracked, { spec }: Claim, { hold, held }: Verdict): number | undefined {
    const how = spec.guard?.verify ?? 'None';
    if (hold === undefined || how === 'None') {
      this.#deps.probes.forget(key);
      return undefined;
    }
    return this.#deps.probes.ask(key, hold.id, held, how);
  }
}

/**
 * Held endpoints keep the conditions with which they stand, whoever leads. Those that have gone come back with the last that they had, or do not: what stands
 * in another shape has not gone.
 */
function asTheyStand(
  held: readonly DesiredEndpoint[],
  before: readonly DesiredEndpoint[],
  comesBack: boolean,
): readonly DesiredEndpoint[] {
  if (held.length === 0) {
    return held;
  }
  const standing = before.filter(({ drainUntil }) => drainUntil === undefined);
  const byId = new Map(standing.map((endpoint) => [endpointId(endpoint), endpoint]));
  const served = new Served(comesBack ? [] : standing, held);
  return held
    .filter((endpoint) => comesBack || served.has(endpoint))
    .map((endpoint) => byId.get(endpointId(endpoint)) ?? endpoint);
}

function areAllNamed(standing: readonly DesiredEndpoint[], { byId }: Desired): boolean {
  return standing.every((endpoint) => byId.has(endpointId(endpoint)));
}

/**
 * Whether the spec has changed since anything was published for it: HasEndpoints tells for which one that was. Where it does not, what was published has
 * not been told yet.
 */
function isSpecNew({ metadata, status }: EtcdService): boolean {
  const condition = status?.conditions?.find(({ type }) => type === 'HasEndpoints');
  return condition !== undefined && condition.observedGeneration !== metadata.generation;
}
