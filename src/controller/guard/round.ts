import type { Clock } from '../../clock.ts';
import type { ObjectKey } from '../../kube/types.ts';

/** Nobody waits for longer than that: one EtcdService that cannot be looked at must not keep all others as they are. */
const withinMs = 30_000;
/** How often those that wait look whether it is over: each not sooner than that, and all of them two hundred times a second at the most. */
const lookAgainMs = 1000;
const lookEachMs = 5;

export interface RoundDeps {
  readonly clock: Clock;
  /** Whether this EtcdService has been looked at since a time, in monotonic milliseconds. */
  readonly isSeenSince: (key: ObjectKey, since: number) => boolean;
  /** What this EtcdService has waited for is over. */
  readonly changed: (key: ObjectKey) => void;
}

/**
 * A look at every EtcdService of a registry: after a term has begun, after the registry was away, and where it was found to differ. What
 * has vanished meanwhile is known as a whole only when all have been looked at.
 */
export class Round {
  readonly #deps: RoundDeps;
  readonly #unseen = new Set<ObjectKey>();
  readonly #waiting = new Set<ObjectKey>();
  #isUnderWay: boolean = false;
  #since = 0;
  #endsAt = 0;

  constructor(deps: RoundDeps) {
    this.#deps = deps;
  }

  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** Since when each is to be looked at, in monotonic milliseconds; undefined while no round is under way. */
  get since(): number | undefined {
    return this.#isUnderWay ? this.#since : undefined;
  }

  /** Those that had not been looked at when it was looked last. */
  get unseen(): Iterable<ObjectKey> {
    return this.#unseen;
  }

  /** Begins it anew: each of these is to be looked at since that time. */
  begin(keys: Iterable<ObjectKey>, since: number): void {
    const all = [...keys];
    this.#unseen.clear();
    for (const key of all) {
      this.#unseen.add(key);
    }
    this.#since = since;
    this.#endsAt = this.#deps.clock.monotonic() + withinMs;
    this.#isUnderWay = true;
    this.look();
  }

  /** Looks whether it is over, and tells those that wait. */
  look(): void {
    if (this.#isUnderWay && (this.#leftMs <= 0 || this.#areAllSeen())) {
      this.#isUnderWay = false;
      this.#unseen.clear();
      for (const key of this.#waiting) {
        this.#deps.changed(key);
      }
      this.#waiting.clear();
    }
  }

  /** Nobody waits for this EtcdService. */
  leaveOut(key: ObjectKey): void {
    this.#unseen.delete(key);
    this.#waiting.delete(key);
    this.look();
  }

  /** This EtcdService waits for the end. Returns after how many milliseconds it has to look by itself. */
  wait(key: ObjectKey): number {
    this.#waiting.add(key);
    return Math.min(this.#leftMs, Math.max(lookAgainMs, this.#waiting.size * lookEachMs));
  }

  get #leftMs(): number {
    return this.#endsAt - this.#deps.clock.monotonic();
  }

  /** Stops at the first that is not, so that asking often costs little. */
  #areAllSeen(): boolean {
    for (const key of this.#unseen) {
      if (!this.#deps.isSeenSince(key, this.#since)) {
        return false;
      }
      this.#unseen.delete(key);
    }
    return true;
  }
}
