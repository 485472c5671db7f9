import type { Clock } from '../clock.ts';
import { RetryableError } from '../errors.ts';
import type { WriteGate, WritePass } from '../kube/exchange.ts';
import type { Term } from '../leadership/term.ts';

/**
 * The one gate that every write passes (design, promise 3): open while this replica leads and its term's deadline has not come. It is asked
 * when a request leaves, so that what waited in a queue, or in a process that stood still, does not leave after the term.
 */
export class Leadership implements WriteGate {
  readonly #clock: Clock;
  #term: Term | undefined;
  #since = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The term under way; undefined on a standby. */
  get term(): Term | undefined {
    return this.#term;
  }

  /** Monotonic milliseconds at which the last term began. */
  get since(): number {
    return this.#since;
  }

  /** Opens the gate for a term while `work` runs. */
  async during(term: Term, work: () => Promise<void>): Promise<void> {
    this.#term = term;
    this.#since = this.#clock.monotonic();
    try {
      await work();
    } finally {
      this.#term = undefined;
    }
  }

  pass(): WritePass {
    const term = this.#term;
    const now = this.#clock.monotonic();
    if (term === undefined || now >= term.writableUntil()) {
      throw new RetryableError('NOT_LEADING', 'this replica does not lead now; it writes nothing');
    }
    return { withinMs: term.expiresAt() - now, signal: term.signal };
  }
}
