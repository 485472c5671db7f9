import type { EtcdCalls } from '../client/client.ts';
import { Mirror } from '../mirror/mirror.ts';
import { listRange } from '../mirror/range.ts';
import type { EtcdDeps } from '../options.ts';
import type { Change, MirroredRange, Registration } from '../types.ts';
import { Wake } from '../wake.ts';
import { electionRange } from './election-name.ts';
import { type Standings, standingsOf } from './standings.ts';

/** Watches may be lost in ways that nobody has thought of: at the latest after so long the keys are listed again. */
const lookEveryMs = 5_000;

/**
 * What stands under an election's name. A watch only tells when to look; what is decided on is a linearizable list, so that no missed, late or
 * compacted event can make or hide a leader.
 */
export class ElectionView {
  readonly #client: EtcdCalls;
  readonly #name: string;
  readonly #deps: EtcdDeps;
  readonly #mirror: Mirror;
  readonly #followed: MirroredRange;
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  readonly #wake = new Wake();

  constructor(client: EtcdCalls, name: string, deps: EtcdDeps) {
    this.#client = client;
    this.#name = name;
    this.#deps = deps;
    this.#mirror = new Mirror(client, deps);
    this.#followed = this.#mirror.follow(electionRange(name), {
      changed: (changes) => this.#changed(changes),
      synced: () => {},
      failureChanged: () => {},
    });
  }

  /** Who stands for election now. */
  async read(signal: AbortSignal): Promise<Standings> {
    this.#wake.look();
    const registrations: Registration[] = [];
    for await (const page of listRange(this.#client, electionRange(this.#name), { signal })) {
      registrations.push(...page.registrations);
    }
    return standingsOf(this.#name, registrations);
  }

  /** Resolves when something has changed since `read` was called last, or may have; also when `signal` aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    const { clock, random = Math.random } = this.#deps;
    const jittered = lookEveryMs * (0.8 + 0.4 * random());
    await this.#wake.rest(clock, jittered, signal);
  }

  /** Makes {@link changed} resolve. */
  lookAgain(): void {
    this.#wake.call();
  }

  /** Calls back with what the watch brings, at once. */
  onChange(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    this.#followed.release();
    await this.#mirror.close();
  }

  #changed(changes: readonly Change[]): void {
    for (const listener of [...this.#listeners]) {
      listener(changes);
    }
    this.lookAgain();
  }
}
