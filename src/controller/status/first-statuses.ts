import type { Clock } from '../../clock.ts';
import type { ObjectKey } from '../../kube/types.ts';

/** A status says that the registry is being listed only where that takes longer; mostly it takes milliseconds. */
const firstStatusAfterMs = 2000;
/** No status waits for longer, however many others have endpoints to publish. */
const longestWaitMs = 10_000;

export interface FirstStatusesDeps {
  readonly clock: Clock;
  /** Whether EtcdServices wait for a worker for whom there may be something to do. */
  readonly othersWait: () => boolean;
  /** Has that EtcdService come again after all those. */
  readonly comeLast: (key: ObjectKey) => void;
}

/** What is known of an EtcdService as a reconcile begins. Times in monotonic milliseconds. */
export interface Turn {
  readonly key: ObjectKey;
  /** Since when its registrations are listed. */
  readonly followedSince: number;
  /** Since when its status waits for others; undefined where it does not. */
  readonly waitsSince: number | undefined;
}

/** Says when a first status is written. It serves nobody: at a start with many EtcdServices, each comes when the endpoints of all stand. */
export class FirstStatuses {
  readonly #deps: FirstStatusesDeps;
  /** Those without a status whose registrations are not listed yet, for so long as nobody minds; with the time since when they are followed. */
  readonly #unlisted = new Map<ObjectKey, number | undefined>();
  /** Those whose first endpoints stand and whose status waits, with the time since when it does. */
  readonly #untold = new Map<ObjectKey, number>();
  /** Those of them that have not been told to come. */
  readonly #uncalled = new Set<ObjectKey>();

  constructor(deps: FirstStatusesDeps) {
    this.#deps = deps;
  }

  /** Nobody is waited for: what was known may be long gone. */
  startOver(): void {
    this.#unlisted.clear();
    this.#untold.clear();
    this.#uncalled.clear();
  }

  /** There is an EtcdService without a status, which is going to be followed. */
  expect(key: ObjectKey): void {
    this.#unlisted.set(key, undefined);
  }

  /** A reconcile begins. */
  begin(key: ObjectKey): Turn {
    const followedSince = this.#unlisted.get(key) ?? this.#deps.clock.monotonic();
    const waitsSince = this.#untold.get(key);
    this.forget(key);
    return { key, followedSince, waitsSince };
  }

  /** For how many milliseconds more it need not be told that the registrations are being listed; none is below 0. */
  whileListed({ key, followedSince }: Turn): number {
    const restMs = firstStatusAfterMs - (this.#deps.clock.monotonic() - followedSince);
    if (restMs > 0) {
      this.#unlisted.set(key, followedSince);
    }
    return Math.max(0, restMs);
  }

  /**
   * For how many milliseconds at the most the status waits for the endpoints of others; none is below 0. `hasFirst`: the first endpoints of this one
   * stand since this very turn.
   */
  waits({ key, waitsSince }: Turn, hasFirst: boolean): number {
    const now = this.#deps.clock.monotonic();
    const since = waitsSince ?? (hasFirst ? now : Number.NEGATIVE_INFINITY);
    const restMs = longestWaitMs - (now - since);
    if (restMs <= 0 || !this.#areOthersAhead) {
      return 0;
    }
    this.#untold.set(key, since);
    this.#uncalled.add(key);
    return restMs;
  }

  /** A reconcile has ended: with the last one whose endpoints were waited for, it is time for statuses. */
  end(): void {
    if (this.#uncalled.size > 0 && !this.#areOthersAhead) {
      for (const key of this.#uncalled) {
        this.#deps.comeLast(key);
      }
      this.#uncalled.clear();
    }
  }

  forget(key: ObjectKey): void {
    this.#unlisted.delete(key);
    this.#untold.delete(key);
    this.#uncalled.delete(key);
  }

  get #areOthersAhead(): boolean {
    return this.#unlisted.size > 0 || this.#deps.othersWait();
  }
}
