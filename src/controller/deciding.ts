import type { EtcdService } from '../api/etcd-service.ts';
import type { Clock } from '../clock.ts';
import { drain } from '../endpoints/drain.ts';
import type { Hold } from '../endpoints/guard/hold.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import type { FlightRecorder } from '../explain/flight-recorder.ts';
import type { Claim } from './claim.ts';
import { earliest } from './findings.ts';
import type { Verdict } from './guard-types.ts';
import type { Guards } from './guards.ts';
import type { HeldProbes } from './held-probes.ts';
import { releasedHold, removalFinding, serviceLimits, shownHold } from './hold-findings.ts';
import type { Prepared } from './preparing.ts';
import type { Publisher } from './publisher.ts';
import type { RegistryGuard } from './registry-guard.ts';
import type { Reporter } from './reporting.ts';
import type { Findings, Published } from './status.ts';
import type { Tracked } from './tracked.ts';

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

  /** A hold that begins is told in the status before this resolves, and so before anything is published: no crash in between loses it. */
  async decide(tracked: Tracked, prepared: Prepared): Promise<Decision> {
    const { claim, subscription } = prepared;
    const before = this.standing(tracked, prepared);
    const object = this.#deps.reporter.latest(claim.object);
    const guard = this.#deps.guards.of(claim.object);
    const dead = this.#dismissDead(tracked, guard);
    const judged = guard.judge(tracked.key, {
      subject: {
        get isSynced() {
          return subscription.isSynced;
        },
        desired: () => subscription.desired(),
        causes: () => subscription.causes(isSpecNew(claim.object)),
        accounted: () => subscription.accounted(),
      },
      limits: serviceLimits(claim.spec.guard),
      published: () => before,
      shown: shownHold(object),
      released: releasedHold(object),
    });
    const verdict = { ...judged, held: judged.held.filter((endpoint) => subscription.admits(endpoint)) };
    const { held, hold } = verdict;
    this.#deps.flights.holds(tracked.key, { held, hold, released: releasedHold(object) });
    const { revision } = subscription;
    const decision = this.#decision(claim, { before, verdict, dead, object, revision });
    await this.#announce(claim, object, hold, decision);
    const probeMs = this.#probe(tracked, claim, verdict);
    return { ...decision, lookAgainMs: earliest(decision.lookAgainMs, probeMs) };
  }

  #decision({ spec }: Claim, { before, verdict, dead, object, revision }: Judged): Decision {
    const { clock, drainMs } = this.#deps;
    const { desired, held } = verdict;
    const now = clock.now();
    const { endpoints, draining, nextDeadline } = drain({
      before,
      next: held.length === 0 ? desired.endpoints : [...desired.endpoints, ...held],
      drainMs: spec.drainSeconds === undefined ? drainMs : spec.drainSeconds * 1000,
      now,
      dead,
    });
    return {
      desired,
      endpoints,
      revision,
      held: held.length,
      draining,
      removal: removalFinding(verdict, object, now),
      lookAgainMs: earliest(verdict.lookAgainMs, nextDeadline && nextDeadline - now),
    };
  }

  /**
   * What Kubernetes holds for this EtcdService: as this leader has written it, or as its objects tell. An address that may not be published
   * any more is left out: it is not held, does not drain and stands in for nothing.
   */
  standing({ standing }: Tracked, { claim, subscription }: Prepared): readonly DesiredEndpoint[] {
    const { publisher, leadsSince } = this.#deps;
    const all = standing?.term === leadsSince() ? standing.endpoints : publisher.published(claim);
    return all.filter((endpoint) => subscription.admits(endpoint));
  }

  #dismissDead({ key }: Tracked, guard: RegistryGuard): ReadonlySet<string> {
    const dead = this.#deps.probes.takeDead(key);
    for (const id of dead) {
      guard.dismiss(key, id);
    }
    return dead;
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

/** Whether the spec has changed since anything was published for it: HasEndpoints tells for which one that was. */
function isSpecNew({ metadata, status }: EtcdService): boolean {
  const condition = status?.conditions?.find(({ type }) => type === 'HasEndpoints');
  return condition?.observedGeneration !== metadata.generation;
}
