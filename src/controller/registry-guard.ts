import type { Clock } from '../clock.ts';
import type { Desired } from '../endpoints/desired.ts';
import type { Hold } from '../endpoints/guard/hold.ts';
import { isMassLoss, type Loss, type RegistryLimits, type ServiceLimits } from '../endpoints/guard/limits.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import type { RegistrySource } from '../etcd/types.ts';
import type { ObjectKey } from '../kube/types.ts';
import { GuardedService, type GuardSubject } from './guarded-service.ts';
import { livingLeases } from './lease-questions.ts';
import { beginHold, type RunningHold, resumeHold } from './running-hold.ts';

/** After a term has begun, removals wait for so long at the most until every EtcdService of the registry has been looked at. */
const roundWithinMs = 30_000;

/** Vanished endpoints are missed for so long where only an EtcdService has limits. */
const defaultWindowMs = 60_000;

/** What the guard is told of an EtcdService whose endpoints are about to be published. */
export interface GuardRequest {
  readonly subject: GuardSubject;
  /** Its own guard, where the spec asks for one. */
  readonly limits: ServiceLimits | undefined;
  /** What Kubernetes holds for it; asked once a term. */
  readonly published: () => readonly DesiredEndpoint[];
  /** The hold that its condition tells. */
  readonly shown: Hold | undefined;
  /** The id of the hold that it is released from. */
  readonly released: string | undefined;
}

export interface Verdict {
  /** What etcd says, as it was judged. */
  readonly desired: Desired;
  /** Endpoints that have vanished from etcd and stay published. */
  readonly held: readonly DesiredEndpoint[];
  /** What holds them; undefined where nothing does, and where it is not known yet whether anything has to. */
  readonly hold: Hold | undefined;
  /** False while not every EtcdService of the registry has been looked at: until then what has vanished stays. */
  readonly isFinal: boolean;
  /** After how many milliseconds the verdict may be another though nothing changes. */
  readonly lookAgainMs: number | undefined;
}

/** An EtcdService of the registry, with the hold that its condition tells. */
export interface GuardedObject {
  readonly key: ObjectKey;
  readonly shown: Hold | undefined;
}

export interface RegistryGuardDeps {
  readonly source: Pick<RegistrySource, 'leaseLives'>;
  /** Undefined: the registry as a whole has no guard. */
  readonly limits: RegistryLimits | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  /** The EtcdServices of the registry. */
  readonly services: () => Iterable<GuardedObject>;
  /** The verdict on this EtcdService may have changed. */
  readonly changed: (key: ObjectKey) => void;
}

/** A vanished endpoint, with the lease to ask for. */
interface Missed {
  readonly service: GuardedService;
  readonly id: string;
  readonly lease: string | undefined;
}

/**
 * Guards one registry against removals that nobody has asked for: of all its EtcdServices together, and of each by the limits of its spec.
 * One object a registry, used while this replica leads. Nothing here outlives a term but what Kubernetes holds: what is published, and the
 * holds in conditions.
 */
export class RegistryGuard {
  readonly #deps: RegistryGuardDeps;
  readonly #services = new Map<ObjectKey, GuardedService>();
  /** EtcdServices that have not been looked at in this term. */
  readonly #unseen = new Set<ObjectKey>();
  /** Those whose removals wait for that. */
  readonly #waiting = new Set<ObjectKey>();
  #term: number | undefined;
  #roundEndsAt = 0;
  #hold: RunningHold | undefined;
  /** Id of the hold that was told last. */
  #told: string | undefined;
  #isAsking: boolean = false;
  /** Leases of what is missed that do not live any more. */
  readonly #dead = new Set<string>();

  constructor(deps: RegistryGuardDeps) {
    this.#deps = deps;
  }

  /** Starts anew where another term has begun since (monotonic milliseconds): a hold that lasts is read from the conditions. */
  during(term: number): void {
    if (this.#term === term) {
      return;
    }
    const { services, clock } = this.#deps;
    this.#term = term;
    this.#services.clear();
    this.#unseen.clear();
    this.#waiting.clear();
    this.#dead.clear();
    this.#roundEndsAt = clock.monotonic() + roundWithinMs;
    this.#hold = undefined;
    for (const { key, shown } of services()) {
      this.#unseen.add(key);
      this.#resume(shown);
    }
  }

  /** What this EtcdService follows has changed. */
  touch(key: ObjectKey): void {
    this.#services.get(key)?.touch();
  }

  /** Nothing is published for this EtcdService now, so that it loses nothing. */
  leaveOut(key: ObjectKey): void {
    this.#services.delete(key);
    this.#seen(key);
  }

  /** An endpoint that is held has been found dead. */
  dismiss(key: ObjectKey, id: string): void {
    this.#services.get(key)?.explain(id);
  }

  /** Says which vanished endpoints of an EtcdService stay published. To be published before anything else happens: what it was judged by is entered. */
  judge(key: ObjectKey, request: GuardRequest): Verdict {
    const service = this.#open(key, request);
    this.#enter();
    this.#seen(key);
    const isRoundOver = this.#unseen.size === 0 || this.#deps.clock.monotonic() >= this.#roundEndsAt;
    if (isRoundOver) {
      this.#endHold();
    }
    if (service.vanished.size === 0) {
      service.own = undefined;
      return this.#verdict(service, undefined);
    }
    if (!isRoundOver || !this.#guardRegistry()) {
      return this.#postpone(key, service);
    }
    if (this.#hold !== undefined && this.#hold.id !== request.released) {
      return this.#verdict(service, this.#hold);
    }
    if (this.#hold !== undefined) {
      service.startOver();
    }
    if (!this.#guardService(service, request)) {
      return this.#postpone(key, service);
    }
    return this.#verdict(service, service.own);
  }

  /** Whether this hold has not been told of before: each is told once, however many EtcdServices it concerns. */
  isNews({ id }: Hold): boolean {
    const isNews = this.#told !== id;
    this.#told = id;
    return isNews;
  }

  #open(key: ObjectKey, { subject, limits, published, shown }: GuardRequest): GuardedService {
    const { clock } = this.#deps;
    const known = this.#services.get(key);
    if (known !== undefined) {
      known.subject = subject;
      known.limits = limits;
      known.touch();
      return known;
    }
    const service = new GuardedService(subject, published(), clock.monotonic());
    service.limits = limits;
    this.#services.set(key, service);
    this.#resumeIn(service, shown);
    return service;
  }

  /** What the last leader has shown as held stays so, or goes where the time of its hold is over. */
  #resumeIn(service: GuardedService, shown: Hold | undefined): void {
    const { clock } = this.#deps;
    if (shown?.scope === 'Service' && service.limits !== undefined) {
      service.own = resumeHold(shown, service.limits.holdMs, clock);
    } else if (shown !== undefined && shown.id !== this.#hold?.id) {
      service.enter(clock.monotonic());
      service.startOver();
    }
  }

  #resume(shown: Hold | undefined): void {
    const { limits, clock } = this.#deps;
    const isLater = shown !== undefined && shown.startedAt >= (this.#hold?.startedAt ?? 0);
    if (limits !== undefined && isLater && shown.scope === 'Registry') {
      const hold = resumeHold(shown, limits.holdMs, clock);
      this.#hold = hold.endsAt > clock.monotonic() ? hold : undefined;
      this.#told = hold.id;
    }
  }

  /** Enters every change that the mirror has told, of every EtcdService: losses are counted together. */
  #enter(): void {
    const now = this.#deps.clock.monotonic();
    for (const service of this.#services.values()) {
      service.enter(now);
      const isHeld = this.#hold !== undefined || service.own !== undefined;
      if (!isHeld && service.vanished.size > 0) {
        service.close(this.#windowMs(service), now);
      }
    }
  }

  #windowMs({ limits }: GuardedService): number {
    return Math.max(this.#deps.limits?.windowMs ?? 0, limits?.windowMs ?? 0) || defaultWindowMs;
  }

  #seen(key: ObjectKey): void {
    if (this.#unseen.delete(key) && this.#unseen.size === 0) {
      this.#tellWaiting();
    }
  }

  #postpone(key: ObjectKey, service: GuardedService): Verdict {
    this.#waiting.add(key);
    const roundLeftMs = this.#roundEndsAt - this.#deps.clock.monotonic();
    return {
      desired: service.desired,
      held: service.missing,
      hold: undefined,
      isFinal: false,
      lookAgainMs: roundLeftMs > 0 ? roundLeftMs : undefined,
    };
  }

  /** Begins a hold where too much is lost. False while etcd is asked whether it was. */
  #guardRegistry(): boolean {
    const { limits, clock, random } = this.#deps;
    const loss = this.#loss();
    if (limits === undefined || this.#hold !== undefined || !isMassLoss(loss, limits)) {
      return true;
    }
    if (this.#asks(this.#services.values())) {
      return false;
    }
    this.#hold = beginHold({ scope: 'Registry', loss, holdMs: limits.holdMs, random }, clock);
    this.#tellAffected();
    return true;
  }

  /** A hold ends when its time is over, or when nothing is missing any more. */
  #endHold(): void {
    if (this.#hold === undefined) {
      return;
    }
    const services = [...this.#services.values()];
    if (this.#hold.endsAt <= this.#deps.clock.monotonic()) {
      this.#tellAffected();
      for (const service of services) {
        service.startOver();
      }
      this.#hold = undefined;
    } else if (services.every(({ vanished }) => vanished.size === 0)) {
      this.#hold = undefined;
    }
  }

  /** The same for the limits of one EtcdService. */
  #guardService(service: GuardedService, { released }: GuardRequest): boolean {
    const { clock, random } = this.#deps;
    const { own, limits } = service;
    if (own !== undefined && (own.endsAt <= clock.monotonic() || own.id === released)) {
      service.startOver();
    }
    const loss = service.ownLoss(clock.monotonic());
    if (limits === undefined || loss === undefined) {
      if (own !== undefined) {
        service.letGo();
        service.own = undefined;
      }
      return true;
    }
    if (own === undefined && this.#asks([service])) {
      return false;
    }
    service.own ??= beginHold({ scope: 'Service', loss, holdMs: limits.holdMs, random }, clock);
    return true;
  }

  /** Whether etcd is asked for leases of what these miss. A key that was deleted while its lease lives was deleted by somebody. */
  #asks(services: Iterable<GuardedService>): boolean {
    if (!this.#isAsking) {
      const missed = [...services].flatMap((service) =>
        Array.from(service.vanished, ([id, { lease }]) => ({ service, id, lease })),
      );
      const asked = missed.filter(({ lease }) => lease !== undefined && !this.#dead.has(lease));
      if (asked.length > 0) {
        this.#isAsking = true;
        void this.#ask(asked);
      }
    }
    return this.#isAsking;
  }

  async #ask(missed: readonly Missed[]): Promise<void> {
    const { source, clock } = this.#deps;
    const leases = missed.flatMap(({ lease }) => lease ?? []);
    const living = await livingLeases(source, leases, clock);
    for (const { service, id, lease = '' } of missed) {
      if (living.has(lease)) {
        service.explain(id);
      } else {
        this.#dead.add(lease);
      }
    }
    this.#isAsking = false;
    this.#tellWaiting();
  }

  #loss(): Loss {
    let [lost, stood] = [0, 0];
    for (const { loss } of this.#services.values()) {
      lost += loss.lost;
      stood += loss.stood;
    }
    return { lost, stood };
  }

  #tellWaiting(): void {
    for (const key of this.#waiting) {
      this.#deps.changed(key);
    }
    this.#waiting.clear();
  }

  #tellAffected(): void {
    for (const [key, { vanished }] of this.#services) {
      if (vanished.size > 0) {
        this.#deps.changed(key);
      }
    }
  }

  #verdict(service: GuardedService, by: RunningHold | undefined): Verdict {
    const now = this.#deps.clock.monotonic();
    const held = by === undefined ? [] : service.missing;
    service.published(held, now);
    if (by === undefined || held.length === 0) {
      return { desired: service.desired, held: [], hold: undefined, isFinal: true, lookAgainMs: undefined };
    }
    return { desired: service.desired, held, hold: by, isFinal: true, lookAgainMs: by.endsAt - now };
  }
}
