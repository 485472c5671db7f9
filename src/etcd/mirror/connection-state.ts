import type { Clock } from '../../clock.ts';
import { messageOf } from '../../errors.ts';
import type { Log } from '../log.ts';
import type { Connection } from '../types.ts';

/** Whether etcd answers, made of what reads and the watch stream meet: connected while both work. Each transition is told once. */
export class ConnectionState {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #listeners = new Set<(connection: Connection) => void>();
  #current: Connection;
  #everRead: boolean = false;
  #readError: Error | undefined;
  #streamError: Error | undefined;

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
    this.#current = {
      connected: false,
      since: clock.now(),
      sinceMonotonic: clock.monotonic(),
      error: undefined,
    };
  }

  get current(): Connection {
    return this.#current;
  }

  onTransition(listener: (connection: Connection) => void): () => void {
    // A wrapper each, so that one function registered twice is two listeners.
    const registered = (connection: Connection): void => listener(connection);
    this.#listeners.add(registered);
    return () => this.#listeners.delete(registered);
  }

  /** A read was answered (undefined) or failed. */
  read(error: Error | undefined): void {
    this.#everRead ||= error === undefined;
    this.#readError = error;
    this.#update();
  }

  /** The watch stream answers (undefined) or cannot be had. */
  stream(error: Error | undefined): void {
    this.#streamError = error;
    this.#update();
  }

  close(): void {
    this.#listeners.clear();
  }

  #update(): void {
    const error = this.#readError ?? this.#streamError;
    const connected = error === undefined && this.#everRead;
    const transition = connected !== this.#current.connected;
    const since = transition ? this.#clock.now() : this.#current.since;
    const sinceMonotonic = transition ? this.#clock.monotonic() : this.#current.sinceMonotonic;
    const firstError = this.#current.error === undefined && error !== undefined;
    this.#current = { connected, since, sinceMonotonic, error };
    if (transition) {
      this.#tell();
    }
    if (transition && connected) {
      this.#log.info({}, 'etcd answers');
    } else if (firstError) {
      this.#log.warn({ problem: messageOf(error) }, 'etcd does not answer; it is tried on');
    }
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(this.#current);
      } catch (error) {
        this.#log.error({ error }, 'a listener of the connection threw');
      }
    }
  }
}
