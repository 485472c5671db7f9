import type { Clock } from '../clock.ts';
import { RetryableError } from '../errors.ts';
import type { Term, TermEnd, TermState } from './term.ts';

/** What a term is handed; pino's loggers fit. */
export interface TermDeps {
  readonly clock: Clock;
  readonly log: Record<'info' | 'warn' | 'error', (fields: object, message: string) => void>;
}

/** How long what the term stands on still holds, asked anew each time. */
export interface TermHold {
  /** Time until the term is suspended. */
  writableMs(): number;
  /** Time until it is over. */
  remainingMs(): number;
}

/** A term as its election runs it. */
export class RunningTerm implements Term {
  readonly number: number;
  readonly ended: Promise<TermEnd>;
  readonly #hold: TermHold;
  readonly #clock: Clock;
  readonly #log: TermDeps['log'];
  readonly #listeners = new Set<(state: TermState) => void>();
  readonly #over = new AbortController();
  readonly #end: (reason: TermEnd) => void;
  #state: TermState = 'active';

  constructor(number: number, hold: TermHold, { clock, log }: TermDeps) {
    this.number = number;
    this.#hold = hold;
    this.#clock = clock;
    this.#log = log;
    const ended = Promise.withResolvers<TermEnd>();
    this.ended = ended.promise;
    this.#end = ended.resolve;
  }

  get state(): TermState {
    return this.#state;
  }

  get signal(): AbortSignal {
    return this.#over.signal;
  }

  writableUntil(): number {
    return this.#state === 'active'
      ? this.#clock.monotonic() + this.#hold.writableMs()
      : Number.NEGATIVE_INFINITY;
  }

  expiresAt(): number {
    return this.#state === 'ended'
      ? Number.NEGATIVE_INFINITY
      : this.#clock.monotonic() + this.#hold.remainingMs();
  }

  onState(listener: (state: TermState) => void): () => void {
    // A wrapper each, so that one function registered twice is two listeners.
    const registered = (state: TermState): void => listener(state);
    this.#listeners.add(registered);
    return () => this.#listeners.delete(registered);
  }

  /** Nothing may leave until {@link resume}. */
  suspend(): void {
    if (this.#state === 'active') {
      this.#log.warn({ term: this.number }, 'the term is suspended: nothing is acknowledged');
      this.#move('suspended');
    }
  }

  resume(): void {
    if (this.#state === 'suspended') {
      this.#log.info({ term: this.number }, 'the term goes on');
      this.#move('active');
    }
  }

  /** The first end is the one that counts. */
  end(reason: TermEnd): void {
    if (this.#state === 'ended') {
      return;
    }
    this.#log.info({ term: this.number, reason }, 'the term has ended');
    this.#state = 'ended';
    const error = new RetryableError('TERM_ENDED', `term ${this.number} has ended (${reason})`);
    this.#over.abort(error);
    this.#end(reason);
    this.#tell('ended');
    this.#listeners.clear();
  }

  #move(state: TermState): void {
    this.#state = state;
    this.#tell(state);
  }

  #tell(state: TermState): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(state);
      } catch (error) {
        this.#log.error({ error }, 'a listener of the term threw');
      }
    }
  }
}
