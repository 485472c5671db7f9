import { setImmediate as loopToGoRound } from 'node:timers/promises';

/** After so many milliseconds of work the event loop goes round: keepalives must not wait for 2000 users of a list, nor for 100 000 events. */
export const longestTurnMs = 5;

/** To go through so many endpoints once takes a millisecond or more. */
const manyEndpoints = 200;

/** Lets the event loop go round before work on so many endpoints goes on: all of it for a thousand takes tens of milliseconds. */
export async function giveWay(endpoints: number): Promise<void> {
  if (endpoints >= manyEndpoints) {
    await loopToGoRound();
  }
}

/** Calls back in this turn of the event loop, when all has gone on that waits for promises alone. */
export function afterPromises(callback: () => void): void {
  queueMicrotask(() => process.nextTick(callback));
}

/** Runs tasks one after the other, soon, and lets the event loop go round between them where they take long. */
export class Pace {
  readonly #idle: () => void;
  #waiting: (() => void)[] = [];
  /** Which of them is next. */
  #next = 0;
  #isRunning: boolean = false;

  /** `idle` is called whenever all has been run. */
  constructor(idle: () => void = () => undefined) {
    this.#idle = idle;
  }

  /** The task must not throw. It is not run before the caller has returned. */
  add(task: () => void): void {
    this.#waiting.push(task);
    if (!this.#isRunning) {
      this.#isRunning = true;
      queueMicrotask(() => this.#run());
    }
  }

  /** What has not been run is not run. */
  clear(): void {
    this.#waiting = [];
    this.#next = 0;
  }

  #run(): void {
    const until = performance.now() + longestTurnMs;
    do {
      this.#waiting[this.#next++]?.();
    } while (this.#next < this.#waiting.length && performance.now() < until);
    this.#waiting = this.#waiting.slice(this.#next);
    this.#next = 0;
    this.#isRunning = this.#waiting.length > 0;
    if (this.#isRunning) {
      setImmediate(() => this.#run());
    } else {
      this.#idle();
    }
  }
}
