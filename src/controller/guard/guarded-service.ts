import type { Desired } from '../../endpoints/desired.ts';
import { Account, type CauseOf, type Vanished } from '../../endpoints/guard/account.ts';
import { isShrunk, type Loss, type ServiceLimits } from '../../endpoints/guard/limits.ts';
import { MostReady } from '../../endpoints/guard/most-ready.ts';
import type { Share } from '../../endpoints/guard/tally.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { RunningHold } from './running-hold.ts';

/** What the guard asks of an EtcdService. Times in monotonic milliseconds. */
export interface GuardSubject {
  /** Whether what is desired is known. */
  readonly isSynced: boolean;
  /** When etcd was listed last for it. */
  readonly listedAt: number;
  desired(): Desired;
  /** `isSpecStated`: the spec says what is gone that this process has not seen leave. */
  causes(isSpecStated: boolean): CauseOf;
  /** All that has left up to now has been entered. */
  accounted(): void;
  /** Whether what is desired has been found to be what etcd holds, since that time. */
  isConfirmedSince(since: number): boolean;
  /** Has that found out as soon as it can be. */
  confirm(): void;
}

/**
 * `unknown`: what is desired is not known, and nothing could be entered. `different`: etcd was listed again, and something has vanished.
 */
export type Entry = 'unknown' | 'entered' | 'different';

/** A newcomer stands for one that vanishes so many windows later at the most: both colours of a release may stand for that long. */
const newcomerWindows = 10;

/** The books of one EtcdService for as long as a term lasts, and its own guard. Times in monotonic milliseconds. */
export class GuardedService {
  readonly key: ObjectKey;
  subject: GuardSubject;
  /** Whether its spec says what is gone. */
  isSpecStated: boolean = false;
  /** What its spec asks for; without, it has no guard of its own. */
  limits: ServiceLimits | undefined;
  /** The hold of its own guard. */
  own: RunningHold | undefined;
  /** What is desired as of the last entry. */
  desired: Desired;
  readonly #account: Account;
  readonly #most = new MostReady();
  #ready = 0;
  #listedAt: number;
  /** What was entered last: the same object as long as nothing changes. */
  #entered: Desired | undefined;
  /** Share of the loss of the registry, for that window and until then; undefined where it has to be summed up anew. */
  #shared: { readonly share: Share; readonly windowMs: number; readonly until: number } | undefined;

  constructor(key: ObjectKey, subject: GuardSubject, published: readonly DesiredEndpoint[], now: number) {
    this.key = key;
    this.subject = subject;
    this.desired = subject.desired();
    this.#listedAt = subject.listedAt;
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

  /** Enters what has changed since the last time. */
  enter(now: number): Entry {
    const { subject } = this;
    if (!subject.isSynced) {
      return 'unknown';
    }
    const desired = subject.desired();
    if (desired === this.#entered) {
      return 'entered';
    }
    this.#entered = desired;
    this.desired = desired;
    const vanishedBefore = this.vanished.size;
    const causeOf = subject.causes(this.isSpecStated);
    this.#most.lower(this.#account.enter(desired.byId, causeOf, now));
    this.#ready = countReady(desired.endpoints);
    this.#shared = undefined;
    subject.accounted();
    const isListedAnew = this.#listedAt !== subject.listedAt;
    this.#listedAt = subject.listedAt;
    return isListedAnew && this.vanished.size > vanishedBefore ? 'different' : 'entered';
  }

  /** What it adds to what the registry has lost within that window; the same object as long as that is the same. */
  share(windowMs: number, now: number): Share {
    if (this.#shared?.windowMs === windowMs && now <= this.#shared.until) {
      return this.#shared.share;
    }
    const lost = this.#account.lost(now - windowMs);
    const share = { standing: this.#account.standing, lost: lost.map(({ endpoint }) => endpoint) };
    this.#shared = { share, windowMs, until: (lost[0]?.at ?? Number.POSITIVE_INFINITY) + windowMs };
    return share;
  }

  /** What vanished before the window, or that of its own guard, is missed no more, unless that guard holds it. */
  close(windowMs: number, now: number): void {
    if (this.vanished.size > 0 && this.own === undefined) {
      const longestMs = Math.max(windowMs, this.limits?.windowMs ?? 0);
      this.#account.forgetNewcomers(now - newcomerWindows * longestMs);
      this.#letGo(now - longestMs);
    }
  }

  /** What is desired is published, and these besides. */
  published(held: readonly DesiredEndpoint[], now: number): void {
    this.#account.published();
    this.#most.add(this.#ready + countReady(held), now);
  }

  /** What has vanished goes: somebody has decided so, or its time is over. */
  letGo(): void {
    this.#letGo(Number.POSITIVE_INFINITY);
  }

  /** The same, and its own guard compares with nothing from before. */
  startOver(): void {
    this.letGo();
    this.#most.clear();
  }

  /** The same, but what has vanished since monotonic time `since` is judged anew. */
  settle(since: number, now: number): void {
    this.#letGo(since);
    this.#most.clear();
    this.#most.add(this.#ready + countReady(this.missing), now);
  }

  /** What has vanished has been held before: none of it is a new loss. */
  antedate(): void {
    this.#account.antedate();
    this.#shared = undefined;
  }

  /** Somebody has said that this endpoint goes, or it is dead. */
  explain(id: string): void {
    this.#account.explain(id);
    this.#shared = undefined;
  }

  /** The lease of this endpoint lives no more. */
  noteDead(id: string): void {
    this.#account.noteDead(id);
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

  #letGo(before: number): void {
    if (this.#account.close(before)) {
      this.#shared = undefined;
    }
  }
}

function countReady(endpoints: readonly DesiredEndpoint[]): number {
  return endpoints.filter(({ ready }) => ready).length;
}
