import { setTimeout as pause } from 'node:timers/promises';
import { randomFrom } from '../kit/random.ts';
import type { Trouble } from './judgement.ts';
import { alone, type TroubledScene, troubles } from './troubles.ts';

/** The calm before the first trouble, how long one lasts at least, and the time to the next one at most, in milliseconds. */
const times = { first: 5_000, least: 500, rest: 2_500 };
/** How long a trouble lasts at most, in TTLs of the leases: some last longer than a lease. */
const mostTtls = 1.8;
/** How much longer a calm is than what troubles leave behind, in milliseconds. */
const calmMs = 15_000;
const troublesBetweenCalms = 8;

export interface StormOptions {
  readonly seed: number;
  /** Of the leases, in milliseconds. */
  readonly ttlMs: number;
  /** How long the consequences of a trouble may last, in milliseconds. */
  readonly aftermathMs: number;
}

/** Troubles at random, up to three at once: for the same seed the same choices, whatever is left out because it lasts already. */
export class Storm {
  /** Those that have begun, in order. */
  readonly past: Trouble[] = [];
  readonly #scene: Omit<TroubledScene, 'random'>;
  readonly #options: StormOptions;
  readonly #underWay = new Map<string, Promise<void>>();

  #step = 0;

  constructor(scene: Omit<TroubledScene, 'random'>, options: StormOptions) {
    this.#scene = scene;
    this.#options = options;
  }

  /** Goes on for so long; rejects where a trouble cannot be made or ended. */
  async rage(forMs: number): Promise<void> {
    const endsAt = performance.now() + forMs;
    await pause(times.first);
    while (performance.now() < endsAt) {
      this.#step += 1;
      // Each trouble has numbers of its own: how many the last one took depends on what it met.
      const random = randomFrom(this.#options.seed * 1_000_003 + this.#step);
      const restMs = random() * times.rest;
      await this.#next(random);
      await pause(restMs);
      if (this.past.length % troublesBetweenCalms === 0) {
        await this.#settle();
        await pause(Math.min(this.#options.aftermathMs + calmMs, Math.max(0, endsAt - performance.now())));
      }
    }
    await this.#settle();
  }

  /** What has happened, a line a trouble. */
  get history(): readonly string[] {
    return this.past.map(
      ({ name, from, to }) => `${new Date(from).toISOString()} for ${to - from} ms: ${name}`,
    );
  }

  async #next(random: () => number): Promise<void> {
    const names = Object.keys(troubles);
    const name = names[Math.floor(random() * names.length)] ?? '';
    const lastsMs = times.least + random() * mostTtls * this.#options.ttlMs;
    const isAlone = alone.has(name);
    if (isAlone || this.#underWay.size >= 3) {
      await this.#settle();
    }
    if (!this.#underWay.has(name)) {
      const running = this.#run(name, lastsMs, random).finally(() => this.#underWay.delete(name));
      // It is awaited when all is to be settled.
      running.catch(() => undefined);
      this.#underWay.set(name, running);
    }
    if (isAlone) {
      await this.#settle();
    }
  }

  async #run(name: string, lastsMs: number, random: () => number): Promise<void> {
    const trouble: Trouble = { name, from: Date.now(), to: Number.POSITIVE_INFINITY };
    this.past.push(trouble);
    try {
      const end = await troubles[name]?.({ ...this.#scene, random });
      await pause(lastsMs);
      await end?.();
    } catch (error) {
      throw new Error(`Trouble with the trouble "${name}"`, { cause: error });
    }
    trouble.to = Date.now();
  }

  async #settle(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }
}
