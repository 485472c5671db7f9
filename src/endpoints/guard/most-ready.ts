interface Sample {
  /** Monotonic milliseconds until which it was so; the last sample is so still. */
  until: number;
  ready: number;
}

/**
 * The most ready endpoints that were published at any moment of a window. What went by statement is taken off every sample: it is not
 * missed. Holds only samples that can still be the most.
 */
export class MostReady {
  /** In the order of time, each with more than the next. */
  #samples: readonly Sample[] = [];

  /** So many are published as ready at monotonic time `now`. */
  add(ready: number, now: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined) {
      last.until = now;
    }
    this.#samples = this.#samples.filter((sample) => sample.ready > ready).concat({ ready, until: now });
  }

  /** So many have gone by statement. */
  lower(by: number): void {
    for (const sample of this.#samples) {
      sample.ready = Math.max(0, sample.ready - by);
    }
  }

  /** The most since monotonic time `since`. */
  most(since: number): number {
    const last = this.#samples.at(-1);
    this.#samples = this.#samples.filter((sample) => sample.until >= since || sample === last);
    return this.#samples[0]?.ready ?? 0;
  }

  clear(): void {
    this.#samples = [];
  }
}
