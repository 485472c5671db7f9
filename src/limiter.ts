export type Priority = 'normal' | 'low';

/** Lets a bounded number of tasks run at once; low ones begin only while no normal one waits. */
export class Limiter {
  readonly #waiting: Record<Priority, (() => void)[]> = { normal: [], low: [] };
  #free: number;

  constructor(slots: number) {
    this.#free = slots;
  }

  /** Runs the task when its turn comes. It is not begun where the signal has aborted by then: the signal's reason is thrown. */
  async run<T>(task: () => Promise<T>, signal: AbortSignal, priority: Priority = 'normal'): Promise<T> {
    await this.#turn(priority);
    try {
      signal.throwIfAborted();
      return await task();
    } finally {
      this.#release();
    }
  }

  #turn(priority: Priority): Promise<void> {
    if (this.#free > 0) {
      this.#free -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#waiting[priority].push(resolve);
    });
  }

  #release(): void {
    const next = this.#waiting.normal.shift() ?? this.#waiting.low.shift();
    if (next === undefined) {
      this.#free += 1;
    } else {
      next();
    }
  }
}
