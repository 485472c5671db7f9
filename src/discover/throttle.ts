import type { Cancel, Clock } from '../clock.ts';

/** A pause is at least so many times as long as the work before it: other work goes on, however much there is to show. */
const pauseShare = 5;

/** Does work that is asked for again and again at most once in an interval, the last request included. */
export class Throttle {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #work: () => void;
  #notBefore = 0;
  #cancel: Cancel | undefined;
  #closed = false;

  constructor(clock: Clock, intervalMs: number, work: () => void) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#work = work;
  }

  request(): void {
    if (this.#cancel !== undefined || this.#closed) {
      return;
    }
    const waitMs = Math.max(0, this.#notBefore - this.#clock.monotonic());
    this.#cancel = this.#clock.schedule(waitMs, () => {
      this.#cancel = undefined;
      const since = this.#clock.monotonic();
      this.#work();
      const now = this.#clock.monotonic();
      this.#notBefore = now + Math.max(this.#intervalMs, pauseShare * (now - since));
    });
  }

  close(): void {
    this.#closed = true;
    this.#cancel?.();
    this.#cancel = undefined;
  }
}
