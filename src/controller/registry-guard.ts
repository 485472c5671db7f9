import type { Clock } from '../clock.ts';
import type { Hold } from '../endpoints/guard/hold.ts';
import { isMassLoss, type Loss, type RegistryLimits } from '../endpoints/guard/limits.ts';
import type { RegistrySource } from '../etcd/types.ts';
import type { ObjectKey } from '../kube/types.ts';
import { FirstRound } from './first-round.ts';
import type { GuardedObject, GuardRequest, Verdict } from './guard-types.ts';
import { GuardedService } from './guarded-service.ts';
import { LeaseQuestions } from './lease-questions.ts';
import { beginHold, type RunningHold, resumeHold } from './running-hold.ts';

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

/**
 * Guards one registry against removals that nobody has asked for: of all its EtcdServices together, and of each by the limits of its spec.
 * One object a registry, used while this replica leads. Nothing here outlives a term but what Kubernetes holds: what is published, and the
 * holds in conditions.
 */
export class RegistryGuard {
  readonly #deps: RegistryGuardDeps;
  readonly #round: FirstRound;
  readonly #leases: LeaseQuestions;
  readonly #services = new Map<ObjectKey, GuardedService>();
  /** Those of which something has changed that is not entered yet. */
  readonly #touched = new Set<GuardedService>();
  #term: number | undefined;
  #hold: RunningHold | undefined;
  /** Id of the hold of the whole registry that was told last. */
  #told: string | undefined;

  constructor(deps: RegistryGuardDeps) {
    const { source, clock, changed } = deps;
    this.#deps = deps;
    this.#round = new FirstRound({ clock, changed });
    this.#leases = new LeaseQuestions({ source, clock, answered: () => this.#round.tellWaiting() });
  }

  /** Starts anew where another term has begun since (monotonic milliseconds): a hold that lasts is read from the conditions. */
  during(term: number): void {
    if (this.#term === term) {
      return;
    }
    const objects = [...this.#deps.services()];
    this.#term = term;
    this.#services.clear();
    this.#touched.clear();
    this.#leases.forget();
    this.#round.begin(objects.map(({ key }) => key));
    this.#hold = this.#lasting(objects);
    this.#told = this.#hold?.id;
  }

  /** What this EtcdService follows has changed. */
  touch(key: ObjectKey): void {
    const service = this.#services.get(key);
    if (service !== undefined) {
      this.#touched.add(service);
    }
  }

  /** Nothing is published for this EtcdService now, so that it loses nothing. */
  leaveOut(key: ObjectKey): void {
    const service = this.#services.get(key);
    if (service !== undefined) {
      this.#touched.delete(service);
      this.#services.delete(key);
    }
    this.#round.saw(key);
  }

  /** An endpoint that is held has been found dead. */
  dismiss(key: ObjectKey, id: string): void {
    this.#services.get(key)?.explain(id);
  }

  /** Says which vanished endpoints of an EtcdService stay published, for what etcd says now: that, and nothing newer, may be published by it. */
  judge(key: ObjectKey, request: GuardRequest): Verdict {
    const service = this.#open(key, request);
    this.#enter();
    this.#round.saw(key);
    this.#endHolds(service, request);
    if (service.vanished.size === 0) {
      return this.#verdict(service, undefined);
    }
    if (!this.#round.isOver || !this.#guardRegistry()) {
      return this.#postpone(key, service);
    }
    if (this.#hold !== undefined && this.#hold.id !== request.released) {
      return this.#verdict(service, this.#hold);
    }
    if (this.#hold !== undefined) {
      service.startOver();
    }
    return this.#guardService(service) ? this.#verdict(service, service.own) : this.#postpone(key, service);
  }

  /** Whether this hold has not been told of before: one of the whole registry is told once, however many EtcdServices it concerns. */
  isNews({ id, scope }: Hold): boolean {
    const isNews = scope === 'Service' || this.#told !== id;
    if (scope === 'Registry') {
      this.#told = id;
    }
    return isNews;
  }

  /** The hold of the whole registry that the last leader has left, the latest one. */
  #lasting(objects: readonly GuardedObject[]): RunningHold | undefined {
    const { limits, clock } = this.#deps;
    const [latest] = objects
      .flatMap(({ shown }) => (shown?.scope === 'Registry' ? [shown] : []))
      .sort((a, b) => b.startedAt - a.startedAt);
    const hold = latest && limits && resumeHold(latest, limits.holdMs, clock);
    return hold !== undefined && hold.endsAt > clock.monotonic() ? hold : undefined;
  }

  #open(key: ObjectKey, { subject, limits, published, shown }: GuardRequest): GuardedService {
    const { clock } = this.#deps;
    const known = this.#services.get(key);
    const service = known ?? new GuardedService(subject, published(), clock.monotonic());
    service.subject = subject;
    service.limits = limits;
    this.#touched.add(service);
    if (known === undefined) {
      this.#services.set(key, service);
      this.#resume(service, shown);
    }
    return service;
  }

  /** What the last leader has shown as held stays so, or goes where the time of its hold is over. */
  #resume(service: GuardedService, shown: Hold | undefined): void {
    const { clock } = this.#deps;
    if (shown === undefined || shown.id === this.#hold?.id) {
      return;
    }
    const own = shown.scope === 'Service' ? service.limits : undefined;
    const hold = own && resumeHold(shown, own.holdMs, clock);
    if (hold !== undefined && hold.endsAt > clock.monotonic()) {
      service.own = hold;
    } else {
      service.enter(clock.monotonic());
      service.startOver();
    }
  }

  /** Enters every change that the mirror has told, of every EtcdService: losses are counted together. */
  #enter(): void {
    for (const service of this.#touched) {
      if (service.enter(this.#deps.clock.monotonic())) {
        this.#touched.delete(service);
      }
    }
  }

  /** A hold ends when its time is over, when it is released, or when nothing is missing any more. */
  #endHolds(service: GuardedService, { released }: GuardRequest): void {
    const now = this.#deps.clock.monotonic();
    const { own } = service;
    if (own !== undefined && (own.endsAt <= now || own.id === released)) {
      service.startOver();
    }
    if (this.#hold !== undefined && this.#hold.endsAt <= now) {
      this.#tellAffected();
      for (const each of this.#services.values()) {
        each.startOver();
      }
    }
    if (service.vanished.size === 0) {
      service.own = undefined;
    }
    const isMissing = ({ vanished }: GuardedService): boolean => vanished.size > 0;
    if (this.#hold !== undefined && this.#round.isOver && !this.#services.values().some(isMissing)) {
      this.#hold = undefined;
    }
  }

  /** Begins a hold where too much is lost. False while it is asked whether it is. */
  #guardRegistry(): boolean {
    const { limits, clock, random } = this.#deps;
    if (this.#hold !== undefined || limits === undefined) {
      return true;
    }
    const loss = this.#loss();
    if (!isMassLoss(loss, limits)) {
      return true;
    }
    if (this.#leases.isOpen(this.#services.values())) {
      return false;
    }
    this.#hold = beginHold({ scope: 'Registry', loss, holdMs: limits.holdMs, random }, clock);
    this.#tellAffected();
    return true;
  }

  /** The same for one EtcdService; its hold ends with the loss that it was for. */
  #guardService(service: GuardedService): boolean {
    const { clock, random } = this.#deps;
    const { limits, own } = service;
    service.close(this.#windowMs, clock.monotonic());
    const loss = service.ownLoss(clock.monotonic());
    if (limits === undefined || loss === undefined) {
      if (own !== undefined) {
        service.letGo();
      }
      service.own = undefined;
      return true;
    }
    if (own === undefined && this.#leases.isOpen([service])) {
      return false;
    }
    service.own ??= beginHold({ scope: 'Service', loss, holdMs: limits.holdMs, random }, clock);
    return true;
  }

  /** What all EtcdServices have lost within the window. */
  #loss(): Loss {
    const now = this.#deps.clock.monotonic();
    let [lost, stood] = [0, 0];
    for (const service of this.#services.values()) {
      service.close(this.#windowMs, now);
      const loss = service.loss(this.#windowMs, now);
      lost += loss.lost;
      stood += loss.stood;
    }
    return { lost, stood };
  }

  /** How far back removals in the registry are counted together; only the EtcdService's own window counts where the registry has no guard. */
  get #windowMs(): number {
    return this.#deps.limits?.windowMs ?? 0;
  }

  #tellAffected(): void {
    for (const [key, { vanished }] of this.#services) {
      if (vanished.size > 0) {
        this.#deps.changed(key);
      }
    }
  }

  /** What has vanished stays until more is known. */
  #postpone(key: ObjectKey, service: GuardedService): Verdict {
    this.#round.wait(key);
    const lookAgainMs = this.#round.isOver ? undefined : this.#round.leftMs;
    return { desired: service.desired, held: service.missing, hold: undefined, isFinal: false, lookAgainMs };
  }

  #verdict(service: GuardedService, by: RunningHold | undefined): Verdict {
    const now = this.#deps.clock.monotonic();
    const held = by === undefined ? [] : service.missing;
    const hold = held.length === 0 ? undefined : by;
    service.published(held, now);
    return { desired: service.desired, held, hold, isFinal: true, lookAgainMs: hold && hold.endsAt - now };
  }
}
