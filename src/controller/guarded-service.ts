import type { Desired } from '../endpoints/desired.ts';
import { Account, type CauseOf, type Vanished } from '../endpoints/guard/account.ts';
import { isShrunk, type Loss, type ServiceLimits } from '../endpoints/guard/limits.ts';
import { MostReady } from '../endpoints/guard/most-ready.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import type { RunningHold } from './running-hold.ts';

/** What the guard asks of an EtcdService. */
export interface GuardSubject {
  /** Whether what is desired is known. */
  readonly isSynced: boolean;
  desired(): Desired;
  causes(): CauseOf;
  /** All that has left up to now has been entered. */
  accounted(): void;
}

/** A newcomer stands for one that vanishes so many windows later at the most: both colours of a release may stand for that long. */
const newcomerWindows = 10;

/** The books of one EtcdService for as long as a term lasts, and its own guard. Times in monotonic milliseconds. */
export class GuardedService {
  subject: GuardSubject;
  /** What its spec asks for; without, it has no guard of its own. */
  limits: ServiceLimits | undefined;
  /** The hold of its own guard. */
  own: RunningHold | undefined;
  /** What is desired as of the last entry. */
  desired: Desired;
  readonly #account: Account;
  readonly #most = new MostReady();
  #ready = 0;
  /** What was entered last: the same object as long as nothing changes. */
  #entered: Desired | undefined;

  constructor(subject: GuardSubject, published: readonly DesiredEndpoint[], now: number) {
    this.subject = subject;
    this.desired = subject.desired();
    const standing = published.filter(({ drainUntil }) => drainUntil === undefined);
    this.#account = new Account(standing);
    this.#most.add(countReady(standing), now);
  }

  get vanished(): ReadonlyMap<string, Vanished> {
    return this.#account.vanished;
  }

  /** Vanished endpoints as they were published last. */
  get missing(): readonly DesiredEndpoint[] {
    return Array.from(this.vanished.values(), ({ endpoint }) => endpoint);
  }

  /** Enters what has changed since the last time. False while what is desired is not known. */
  enter(now: number): boolean {
    const { subject } = this;
    if (!subject.isSynced) {
      return false;
    }
    const desired = subject.desired();
    if (desired === this.#entered) {
      return true;
    }
    this.#entered = desired;
    this.desired = desired;
    this.#most.lower(this.#account.enter(this.desired.endpoints, subject.causes(), now));
    this.#ready = countReady(this.desired.endpoints);
    subject.accounted();
    return true;
  }

  /** What was lost within that window. */
  loss(windowMs: number, now: number): Loss {
    return this.#account.loss(now - windowMs);
  }

  /** What vanished before the window, or that of its own guard, is missed no more, unless that guard holds it. */
  close(windowMs: number, now: number): void {
    if (this.vanished.size > 0 && this.own === undefined) {
      const longestMs = Math.max(windowMs, this.limits?.windowMs ?? 0);
      this.#account.close(now - longestMs, now - newcomerWindows * longestMs);
    }
  }

  /** What is desired is published, and these besides. */
  published(held: readonly DesiredEndpoint[], now: number): void {
    this.#account.published();
    this.#most.add(this.#ready + countReady(held), now);
  }

  /** What has vanished goes: somebody has decided so, or its time is over. */
  letGo(): void {
    this.#account.close(Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY);
  }

  /** The same, and its own guard compares with nothing from before. */
  startOver(): void {
    this.letGo();
    this.#most.clear();
  }

  /** Somebody has said that this endpoint goes, or it is dead. */
  explain(id: string): void {
    this.#account.explain(id);
  }

  /** What its own guard has to hold back; undefined where that is nothing. */
  ownLoss(now: number): Loss | undefined {
    const { limits } = this;
    if (limits === undefined || this.vanished.size === 0) {
      return undefined;
    }
    const stood = this.#most.most(now - limits.windowMs);
    return isShrunk(stood, this.#ready, limits) ? { lost: stood - this.#ready, stood } : undefined;
  }
}

function countReady(endpoints: readonly DesiredEndpoint[]): number {
  return endpoints.filter(({ ready }) => ready).length;
}
