import type { Clock } from '../clock.ts';
import type { Hold, ShownHold } from '../endpoints/guard/hold.ts';
import { isMassLoss, type RegistryLimits } from '../endpoints/guard/limits.ts';
import type { Connection, RegistrySource } from '../etcd/types.ts';
import type { ObjectKey } from '../kube/types.ts';
import type { GuardedObject, GuardRequest, Verdict } from './guard-types.ts';
import { GuardedService } from './guarded-service.ts';
import { LeaseQuestions } from './lease-questions.ts';
import { RegistryBooks } from './registry-books.ts';
import { ReturnWatch } from './return-watch.ts';
import { Round } from './round.ts';
import { beginHold, prolongHold, type RunningHold, resumeHold } from './running-hold.ts';

export interface RegistryGuardDeps {
  readonly source: Pick<RegistrySource, 'leaseLives'>;
  /** Whether the registry answers; undefined where that is not known. */
  readonly connection: () => Connection | undefined;
  /** Undefined: the registry as a whole has no guard. */
  readonly limits: RegistryLimits | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  /** The EtcdServices of the registry. */
  readonly services: () => Iterable<GuardedObject>;
  /** The verdict on this EtcdService may have changed. */
  readonly changed: (key: ObjectKey) => void;
}

/** How soon it is looked again whether a hold is over whose end waits for the registry to come back. */
const overdueMs = 5000;

/**
 * Guards one registry against removals that nobody has asked for: of all its EtcdServices together, and of each by the limits of its spec.
 * One object a registry, used while this replica leads. Nothing here outlives a term but what Kubernetes holds: what is published, and the
 * holds in conditions.
 */
export class RegistryGuard {
  readonly #deps: RegistryGuardDeps;
  readonly #books = new RegistryBooks();
  readonly #round: Round;
  readonly #leases: LeaseQuestions;
  readonly #returns = new ReturnWatch();
  #term: number | undefined;
  /** The hold of the whole registry; while it lasts no EtcdService has one of its own. */
  #hold: RunningHold | undefined;
  /** Id of the hold of the whole registry that was told last. */
  #told: string | undefined;

  constructor(deps: RegistryGuardDeps) {
    const { source, clock, changed } = deps;
    this.#deps = deps;
    this.#round = new Round({
      clock,
      changed,
      isSeenSince: (key, since) => this.#books.get(key)?.subject.isConfirmedSince(since) === true,
    });
    this.#leases = new LeaseQuestions({ source, clock, changed });
  }

  /** Starts anew where another term has begun since (monotonic milliseconds): a hold that lasts is read from the conditions. */
  during(term: number): void {
    const isBack = this.#returns.isBack(this.#deps.connection());
    if (this.#term !== term) {
      this.#begin(term);
    } else if (isBack) {
      this.#comeBack();
    }
  }

  /** What this EtcdService follows has changed. */
  touch(key: ObjectKey): void {
    this.#books.touch(key);
  }

  /** Nothing is followed for this EtcdService any more, so that it loses nothing. */
  leaveOut(key: ObjectKey): void {
    this.#books.delete(key);
    this.#round.leaveOut(key);
  }

  /** What is published for this EtcdService stays as it is, whatever it misses: nobody waits for it. */
  passOver(key: ObjectKey): void {
    this.#round.leaveOut(key);
  }

  /** An endpoint that is held has been found dead. */
  dismiss(key: ObjectKey, id: string): void {
    this.#books.get(key)?.explain(id);
  }

  /** Says which vanished endpoints of an EtcdService stay published, for what etcd says now: that, and nothing newer, may be published by it. */
  judge(key: ObjectKey, request: GuardRequest): Verdict {
    const service = this.#open(key, request);
    this.#round.look();
    this.#endHolds(service, request);
    if (service.vanished.size === 0) {
      return this.#verdict(service, undefined);
    }
    if (this.#round.isUnderWay || !this.#guardRegistry()) {
      return this.#postpone(service);
    }
    if (this.#hold !== undefined && this.#hold.id !== request.released) {
      return this.#keep(service, this.#hold);
    }
    if (this.#hold !== undefined) {
      service.startOver();
    }
    if (!this.#guardService(service)) {
      return this.#postpone(service);
    }
    return service.own === undefined ? this.#verdict(service, undefined) : this.#keep(service, service.own);
  }

  /** Whether this hold has not been told of before: one of the whole registry is told once, however many EtcdServices it concerns. */
  isNews({ id, scope }: Hold): boolean {
    const isNews = scope === 'Service' || this.#told !== id;
    if (scope === 'Registry') {
      this.#told = id;
    }
    return isNews;
  }

  #begin(term: number): void {
    const objects = [...this.#deps.services()];
    this.#term = term;
    this.#books.clear();
    this.#hold = undefined;
    this.#round.begin(
      objects.map(({ key }) => key),
      Number.NEGATIVE_INFINITY,
    );
    this.#hold = this.#lasting(objects);
    this.#told = this.#hold?.id;
  }

  /** The hold of the whole registry that the last leader has left, the latest of those that last. */
  #lasting(objects: readonly GuardedObject[]): RunningHold | undefined {
    return objects
      .flatMap(({ shown }) => (shown?.scope === 'Registry' ? (this.#resumed(shown) ?? []) : []))
      .toSorted((a, b) => b.startedAt - a.startedAt)[0];
  }

  /** The hold of the registry that a condition tells; undefined where its time is over. */
  #resumed(shown: ShownHold): RunningHold | undefined {
    const { limits, clock } = this.#deps;
    const hold = limits && resumeHold(shown, limits.holdMs, clock);
    return hold !== undefined && this.#lasts(hold) ? hold : undefined;
  }

  /** No hold ends while nobody could register again. */
  #lasts({ endsAt }: RunningHold): boolean {
    return endsAt > this.#deps.clock.monotonic() || this.#returns.isAway;
  }

  /** The registry was away: what it has lost is known when every EtcdService has been looked at, and holds leave time to register again. */
  #comeBack(): void {
    const { limits, clock } = this.#deps;
    this.#lookAtAll(clock.monotonic());
    this.#hold &&= prolongHold(this.#hold, limits?.holdMs ?? 0, clock);
    for (const service of this.#books.all()) {
      service.own &&= prolongHold(service.own, service.limits?.holdMs ?? 0, clock);
    }
    this.#tellAffected();
  }

  #lookAtAll(since: number): void {
    const keys = new Set(this.#round.unseen);
    for (const { key, subject } of this.#books.all()) {
      keys.add(key);
      if (!subject.isConfirmedSince(since)) {
        subject.confirm();
      }
    }
    this.#round.begin(keys, since);
  }

  #open(key: ObjectKey, { subject, limits, published, shown }: GuardRequest): GuardedService {
    const { clock } = this.#deps;
    const known = this.#books.get(key);
    const service = known ?? new GuardedService(key, subject, published(), clock.monotonic());
    service.subject = subject;
    service.limits = limits;
    this.#books.open(service);
    this.#books.touch(key);
    this.#enter();
    if (known === undefined && shown !== undefined) {
      this.#resume(service, shown);
    }
    return service;
  }

  /** A list that has brought what vanished is seldom the only one: the others are looked at, too. */
  #enter(): void {
    const different = this.#books.enter(this.#windowMs, this.#deps.clock.monotonic());
    if (different.length > 0 && !this.#round.isUnderWay) {
      this.#lookAtAll(Math.min(...different.map(({ subject }) => subject.listedAt)));
    }
  }

  /** What a condition shows as held stays so, or goes where the time of its hold is over; what vanished besides is judged. */
  #resume(service: GuardedService, shown: ShownHold): void {
    const hasMore = service.vanished.size > shown.held;
    const hold = shown.scope === 'Registry' ? this.#resumed(shown) : this.#resumedOwn(service, shown);
    if (hold === undefined) {
      if (!hasMore) {
        service.startOver();
      }
      return;
    }
    if (hold.scope === 'Service') {
      service.own = this.#hold === undefined ? hold : undefined;
      return;
    }
    if (this.#hold === undefined) {
      this.#hold = hold;
      this.#told = hold.id;
    }
    if (this.#hold.id === hold.id && !hasMore) {
      service.antedate();
    }
  }

  #resumedOwn({ limits }: GuardedService, shown: ShownHold): RunningHold | undefined {
    const hold = limits && resumeHold(shown, limits.holdMs, this.#deps.clock);
    return hold !== undefined && this.#lasts(hold) ? hold : undefined;
  }

  /** A hold ends when its time is over, when it is released, or when nothing is missing any more. */
  #endHolds(service: GuardedService, { released }: GuardRequest): void {
    const { own } = service;
    if (own !== undefined && (own.id === released || this.#isOver(own))) {
      service.startOver();
    }
    if (service.vanished.size === 0) {
      service.own = undefined;
    }
    if (this.#hold !== undefined && this.#isOver(this.#hold)) {
      this.#expire(this.#hold);
    }
    if (!this.#round.isUnderWay && this.#books.isWhole) {
      this.#hold = undefined;
    }
  }

  /** What an unfinished round brings may belong to a hold. */
  #isOver(hold: RunningHold): boolean {
    return !this.#lasts(hold) && !this.#round.isUnderWay;
  }

  /** The hold of the registry ends for all at once. What vanished shortly before has hardly been held: it is judged anew. */
  #expire({ endsAt }: RunningHold): void {
    const { limits, clock } = this.#deps;
    const shortlyMs = Math.min(this.#windowMs, (limits?.holdMs ?? 0) / 2);
    this.#tellAffected();
    for (const service of this.#books.missing()) {
      service.settle(endsAt - shortlyMs, clock.monotonic());
    }
    this.#hold = undefined;
  }

  /** Begins a hold where too much is lost. False while it is asked whether it is. */
  #guardRegistry(): boolean {
    const { limits, clock, random } = this.#deps;
    if (this.#hold !== undefined || limits === undefined) {
      return true;
    }
    const loss = this.#books.loss(this.#windowMs, clock.monotonic());
    if (!isMassLoss(loss, limits)) {
      return true;
    }
    if (this.#leases.isOpen(this.#books.missing())) {
      return false;
    }
    this.#hold = beginHold({ scope: 'Registry', loss, holdMs: limits.holdMs, random }, clock);
    for (const service of this.#books.missing()) {
      service.own = undefined;
    }
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

  /** How far back removals in the registry are counted together; only the EtcdService's own window counts where the registry has no guard. */
  get #windowMs(): number {
    return this.#deps.limits?.windowMs ?? 0;
  }

  #tellAffected(): void {
    for (const { key } of this.#books.missing()) {
      this.#deps.changed(key);
    }
  }

  /** What has vanished stays until more is known. */
  #postpone(service: GuardedService): Verdict {
    const { key, desired, missing } = service;
    const isRound = this.#round.isUnderWay;
    if (!isRound) {
      this.#leases.wait(key);
    }
    const lookAgainMs = isRound ? this.#round.wait(key) : undefined;
    return { desired, held: missing, hold: undefined, isFinal: false, lookAgainMs };
  }

  /** What has vanished stays; where it turns out that somebody has said so, it goes also during the hold. */
  #keep(service: GuardedService, by: RunningHold): Verdict {
    if (this.#leases.isOpen([service])) {
      this.#leases.wait(service.key);
    }
    return this.#verdict(service, by);
  }

  #verdict(service: GuardedService, by: RunningHold | undefined): Verdict {
    const now = this.#deps.clock.monotonic();
    const held = by === undefined ? [] : service.missing;
    const hold = held.length === 0 ? undefined : by;
    service.published(held, now);
    const lookAgainMs = hold && (hold.endsAt > now ? hold.endsAt - now : overdueMs);
    return { desired: service.desired, held, hold, isFinal: true, lookAgainMs };
  }
}
