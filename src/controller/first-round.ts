import type { Clock } from '../clock.ts';
import type { ObjectKey } from '../kube/types.ts';

/** Nobody waits for longer than that: one EtcdService that cannot be looked at must not keep all others as they are. */
const withinMs = 30_000;

export interface FirstRoundDeps {
  readonly clock: Clock;
  /** What this EtcdService has waited for is over. */
  readonly changed: (key: ObjectKey) => void;
}

/**
 * The first look at every EtcdService of a registry after a term has begun. What has vanished while nobody led is known as a whole only
 * when all have been looked at.
 */
export class FirstRound {
  readonly #deps: FirstRoundDeps;
  readonly #unseen = new Set<ObjectKey>();
  readonly #waiting = new Set<ObjectKey>();
  #endsAt = 0;

  constructor(deps: FirstRoundDeps) {
    this.#deps = deps;
  }

  begin(keys: Iterable<ObjectKey>): void {
    this.#unseen.clear();
    this.#waiting.clear();
    for (const key of keys) {
      this.#unseen.add(key);
    }
    this.#endsAt = this.#deps.clock.monotonic() + withinMs;
  }

  get isOver(): boolean {
    return this.#unseen.size === 0 || this.leftMs <= 0;
  }

  /** Milliseconds until it is over at the latest. */
  get leftMs(): number {
    return this.#endsAt - this.#deps.clock.monotonic();
  }

  /** This EtcdService has been looked at. */
  saw(key: ObjectKey): void {
    if (this.#unseen.delete(key) && this.#unseen.size === 0) {
      this.tellWaiting();
    }
  }

  /** This EtcdService wants to be told when what it waits for is over. */
  wait(key: ObjectKey): void {
    this.#waiting.add(key);
  }

  tellWaiting(): void {
    for (const key of this.#waiting) {
      this.#deps.changed(key);
    }
    this.#waiting.clear();
  }
}
