import type { Hold, ShownHold } from '../../endpoints/guard/hold.ts';
import { isMassLoss } from '../../endpoints/guard/limits.ts';
import type { Connection, RegistrySource } from '../../etcd/types.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { GuardedObject, GuardRequest, Verdict } from './guard-types.ts';
import { GuardedService } from './guarded-service.ts';
import { LeaseQuestions } from './lease-questions.ts';
import { guardService, prolongOwn } from './own-guard.ts';
import { RegistryBooks } from './registry-books.ts';
import { RegistryHold, type RegistryHoldDeps } from './registry-hold.ts';
import { ReturnWatch } from './return-watch.ts';
import { Round } from './round.ts';
import type { RunningHold } from './running-hold.ts';

export interface RegistryGuardDeps extends RegistryHoldDeps {
  readonly source: Pick<RegistrySource, 'leaseLives'>;
  /** Whether the registry answers; undefined where that is not known. */
  readonly connection: () => Connection | undefined;
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
  /** While it lasts no EtcdService has one of its own. */
  readonly #hold: RegistryHold;
  #term: number | undefined;

  constructor(deps: RegistryGuardDeps) {
    const { source, clock, changed } = deps;
    this.#deps = deps;
    this.#hold = new RegistryHold(deps, () => this.#returns.isAway);
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
    const { clock, random } = this.#deps;
    const service = this.#open(key, request);
    this.#round.look();
    this.#endHolds(service, request);
    if (service.vanished.size === 0) {
      return this.#verdict(service, undefined);
    }
    if (this.#round.isUnderWay || !this.#guardRegistry()) {
      return this.#postpone(service);
    }
    const hold = this.#hold.current;
    if (hold !== undefined && hold.id !== request.released) {
      return this.#keep(service, hold);
    }
    if (hold !== undefined) {
      service.startOver();
    }
    if (!guardService(service, { leases: this.#leases, clock, random, windowMs: this.#windowMs })) {
      return this.#postpone(service);
    }
    return service.own === undefined ? this.#verdict(service, undefined) : this.#keep(service, service.own);
  }

  /** Whether this hold has not been told of before. */
  isNews(hold: Hold): boolean {
    return this.#hold.isNews(hold);
  }

  #begin(term: number): void {
    const objects = [...this.#deps.services()];
    this.#term = term;
    this.#books.clear();
    this.#hold.find(objects.flatMap(({ shown }) => shown ?? []));
    this.#round.begin(
      objects.map(({ key }) => key),
      Number.NEGATIVE_INFINITY,
    );
  }

  /** The registry was away: what it has lost is known when every EtcdService has been looked at, and holds leave time to register again. */
  #comeBack(): void {
    const { clock } = this.#deps;
    this.#lookAtAll(clock.monotonic());
    this.#hold.prolong();
    for (const service of this.#books.all()) {
      prolongOwn(service, clock);
    }
    this.#tellAffected();
  }

  #lookAtAll(since: number): void {
    const keys = new Set(this.#round.unseen);
    for (const service of this.#books.all()) {
      keys.add(service.key);
      this.#haveConfirmed(service, since);
    }
    this.#round.begin(keys, since);
  }

  /** A round waits for each; one that is judged for the first time during a round could not be asked when it began. */
  #haveConfirmed({ subject }: GuardedService, since = Number.NEGATIVE_INFINITY): void {
    if (!subject.isConfirmedSince(since)) {
      subject.confirm();
    }
  }

  #open(key: ObjectKey, { subject, isSpecStated, limits, published, shown }: GuardRequest): GuardedService {
    const { clock } = this.#deps;
    const known = this.#books.get(key);
    const service = known ?? new GuardedService(key, subject, published(), clock.monotonic());
    service.subject = subject;
    service.isSpecStated = isSpecStated;
    service.limits = limits;
    this.#books.open(service);
    this.#books.touch(key);
    this.#enter();
    if (known === undefined) {
      this.#haveConfirmed(service, this.#round.since);
      if (shown !== undefined) {
        this.#resume(service, shown);
      }
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
    const isOfRegistry = shown.scope === 'Registry';
    const hold = this.#hold.resumed(shown, isOfRegistry ? this.#deps.limits : service.limits);
    if (hold === undefined) {
      if (!hasMore) {
        service.startOver();
      }
    } else if (!isOfRegistry) {
      service.own = this.#hold.current === undefined ? hold : undefined;
    } else if (this.#hold.goOn(hold).id === hold.id && !hasMore) {
      service.antedate();
    }
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
    const hold = this.#hold.current;
    if (hold !== undefined && this.#isOver(hold)) {
      this.#expire(hold);
    }
    if (!this.#round.isUnderWay && this.#books.isWhole) {
      this.#hold.end();
    }
  }

  /** What an unfinished round brings may belong to a hold. */
  #isOver(hold: RunningHold): boolean {
    return !this.#hold.lasts(hold) && !this.#round.isUnderWay;
  }

  /** The hold of the registry ends for all at once. What vanished shortly before has hardly been held: it is judged anew. */
  #expire(hold: RunningHold): void {
    this.#tellAffected();
    for (const service of this.#books.missing()) {
      service.settle(this.#hold.hardlyHeldSince(hold), this.#deps.clock.monotonic());
    }
    this.#hold.end();
  }

  /** Begins a hold where too much is lost. False while it is asked whether it is. */
  #guardRegistry(): boolean {
    const { limits, clock } = this.#deps;
    if (this.#hold.current !== undefined || limits === undefined) {
      return true;
    }
    const loss = this.#books.loss(this.#windowMs, clock.monotonic());
    if (!isMassLoss(loss, limits)) {
      return true;
    }
    if (this.#leases.isOpen(this.#books.missing())) {
      return false;
    }
    this.#hold.begin(loss, limits);
    for (const service of this.#books.missing()) {
      service.own = undefined;
    }
    this.#tellAffected();
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
    const comesBack = this.#hold.current !== undefined || service.own !== undefined;
    return { desired, held: missing, hold: undefined, isFinal: false, comesBack, lookAgainMs };
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
    return { desired: service.desired, held, hold, isFinal: true, comesBack: true, lookAgainMs };
  }
}
