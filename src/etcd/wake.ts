import { type Clock, sleep } from '../clock.ts';

/** Lets a loop rest between two looks at the world until somebody calls; a call in the midst of a look makes the next rest end at once. */
export class Wake {
  #calling = new AbortController();

  /** A look begins: calls until now are answered by it. */
  look(): void {
    this.#calling = new AbortController();
  }

  call(): void {
    this.#calling.abort();
  }

  /** Resolves at a call since the last look began, after `mostMs`, or when `signal` aborts. */
  async rest(clock: Clock, mostMs: number, signal: AbortSignal): Promise<void> {
    await sleep(clock, mostMs, AbortSignal.any([signal, this.#calling.signal]));
  }
}
