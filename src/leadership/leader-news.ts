import type { Leader } from './elector.ts';

/** Who leads as it was last seen, told to listeners whenever that changes. */
export class LeaderNews {
  readonly #log: { error(fields: object, message: string): void };
  readonly #listeners = new Set<(leader: Leader | undefined) => void>();
  #leader: Leader | undefined;

  constructor(log: { error(fields: object, message: string): void }) {
    this.#log = log;
  }

  get leader(): Leader | undefined {
    return this.#leader;
  }

  onLeader(listener: (leader: Leader | undefined) => void): () => void {
    // A wrapper each, so that one function registered twice is two listeners.
    const registered = (leader: Leader | undefined): void => listener(leader);
    this.#listeners.add(registered);
    return () => this.#listeners.delete(registered);
  }

  tell(leader: Leader | undefined): void {
    if (leader?.key === this.#leader?.key && leader?.term === this.#leader?.term) {
      return;
    }
    this.#leader = leader;
    for (const listener of [...this.#listeners]) {
      try {
        listener(leader);
      } catch (error) {
        this.#log.error({ error }, 'a listener of the election threw');
      }
    }
  }
}
