import type { Clock } from '../../clock.ts';
import type { ObjectKey } from '../../kube/types.ts';

/** A status says that the registry is being listed only where that takes longer; mostly it takes milliseconds. */
const firstStatusAfterMs = 2000;

export interface FirstStatusesDeps {
  readonly clock: Clock;
  /** Whether EtcdServices wait for a worker for whom there may be something to do. */
  readonly othersWait: () => boolean;
  /** Has that EtcdService come again after all those. */
  readonly comeLast: (key: ObjectKey) => void;
}

/** What is known of an EtcdService as a reconcile begins. */
export interface Turn {
  readonly key: ObjectKey;
  /** Monotonic milliseconds since when its registrations are listed. */
  readonly followedSince: number;
  /** Whether its status has waited for others. */
  readonly hasWaited: boolean;
}

/** Says when a first status is written. It serves nobody: at a start with many EtcdServices, each comes when the endpoints of all stand. */
export class FirstStatuses {
  readonly #deps: FirstStatusesDeps;
  /**
   * Those without a status whose registrations are not listed yet, for so long as nobody minds: they will have endpoints soon. With the monotonic
   * milliseconds since when they are followed.
   */
  readonly #unlisted = new Map<ObjectKey, number | undefined>();
  /** Those whose first endpoints stand, and whose status waits until others have theirs. */
  readonly #untold = new Set<ObjectKey>();

  constructor(deps: FirstStatusesDeps) {
    this.#deps = deps;
  }

  /** Nobody is waited for: what was known may be long gone. */
  startOver(): void {
    this.#unlisted.clear();
    this.#untold.clear();
  }

  /** There is an EtcdService without a status, which is going to be followed. */
  expect(key: ObjectKey): void {
    this.#unlisted.set(key, undefined);
  }

  /** A reconcile begins. */
  begin(key: ObjectKey): Turn {
    const followedSince = this.#unlisted.get(key) ?? this.#deps.clock.monotonic();
    this.#unlisted.delete(key);
    return { key, followedSince, hasWaited: this.#untold.delete(key) };
  }

  /** For how many milliseconds more it need not be told that the registrations are being listed; none is below 0. */
  whileListed({ key, followedSince }: Turn): number {
    const restMs = firstStatusAfterMs - (this.#deps.clock.monotonic() - followedSince);
    if (restMs > 0) {
      this.#unlisted.set(key, followedSince);
    }
    return Math.max(0, restMs);
  }

  /** Whether the status waits for the endpoints of others; `hasFirst`: the first endpoints of this one stand since this very turn. */
  waits({ key, hasWaited }: Turn, hasFirst: boolean): boolean {
    const waits = (hasFirst || hasWaited) && this.#areOthersAhead;
    if (waits) {
      this.#untold.add(key);
    }
    return waits;
  }

  /** A reconcile has ended: with the last one whose endpoints were waited for, it is time for statuses. */
  end(): void {
    if (this.#untold.size > 0 && !this.#areOthersAhead) {
      for (const key of this.#untold) {
        this.#deps.comeLast(key);
      }
    }
  }

  forget(key: ObjectKey): void {
    this.#unlisted.delete(key);
    this.#untold.delete(key);
  }

  get #areOthersAhead(): boolean {
    return this.#unlisted.size > 0 || this.#deps.othersWait();
  }
}
