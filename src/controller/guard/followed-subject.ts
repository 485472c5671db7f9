import type { Desired } from '../../endpoints/desired.ts';
import type { CauseOf } from '../../endpoints/guard/account.ts';
import type { Subscription } from '../follow/subscription.ts';
import type { GuardSubject } from './guarded-service.ts';

/** What an EtcdService follows, as its guard asks for it. */
export class FollowedSubject implements GuardSubject {
  readonly #subscription: Subscription;
  /** Whether the spec says what is gone: it has changed since anything was published for it. */
  readonly #isSpecStated: boolean;

  constructor(subscription: Subscription, isSpecStated: boolean) {
    this.#subscription = subscription;
    this.#isSpecStated = isSpecStated;
  }

  get isSynced(): boolean {
    return this.#subscription.isSynced;
  }

  get listedAt(): number {
    return this.#subscription.listedAt;
  }

  desired(): Desired {
    return this.#subscription.desired();
  }

  causes(): CauseOf {
    return this.#subscription.causes(this.#isSpecStated);
  }

  accounted(): void {
    this.#subscription.accounted();
  }

  isConfirmedSince(since: number): boolean {
    return this.#subscription.isConfirmedSince(since);
  }

  confirm(): void {
    this.#subscription.confirm();
  }
}
