/** Signals that ask a command to end. The registration is taken back before they are passed on. */
const stopSignals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGQUIT'];
/** Signals that mean whatever the command makes of them. */
const otherSignals: readonly NodeJS.Signals[] = ['SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH', 'SIGCONT'];

export type SignalSource = Pick<NodeJS.Process, 'on' | 'off'>;

/** The signals that this process gets while it runs a command: they are the command's, but those that would stop it are held back at first. */
export class CommandSignals {
  readonly #source: SignalSource;
  readonly #send: (name: NodeJS.Signals) => void;
  readonly #stop = Promise.withResolvers<NodeJS.Signals>();
  readonly #hurry = new AbortController();
  #isStopping = false;
  #passesAll = false;

  constructor(source: SignalSource, send: (name: NodeJS.Signals) => void) {
    this.#source = source;
    this.#send = send;
    for (const name of stopSignals) {
      source.on(name, this.#onStop);
    }
    for (const name of otherSignals) {
      source.on(name, send);
    }
  }

  /** Resolves with the first signal to stop. */
  get stop(): Promise<NodeJS.Signals> {
    return this.#stop.promise;
  }

  /** Aborts at the second signal to stop. */
  get hurry(): AbortSignal {
    return this.#hurry.signal;
  }

  /** From now on signals to stop are passed on too. */
  passAll(): void {
    this.#passesAll = true;
  }

  release(): void {
    for (const name of stopSignals) {
      this.#source.off(name, this.#onStop);
    }
    for (const name of otherSignals) {
      this.#source.off(name, this.#send);
    }
  }

  readonly #onStop = (name: NodeJS.Signals): void => {
    if (this.#passesAll) {
      this.#send(name);
    } else if (this.#isStopping) {
      this.#hurry.abort();
    }
    this.#isStopping = true;
    this.#stop.resolve(name);
  };
}
