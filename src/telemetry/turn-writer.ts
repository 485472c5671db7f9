/** Where text goes. */
export interface Destination {
  write(text: string): void;
}

/** Writes what comes in one turn of the event loop at once: a start with thousands of EtcdServices has as many lines to say, and each write costs as much as a request. */
export class TurnWriter implements Destination {
  readonly #destination: Destination;
  #waiting = '';

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  write(text: string): void {
    if (this.#waiting === '') {
      setImmediate(() => this.flush());
    }
    this.#waiting += text;
  }

  /** Returns when everything has been written. */
  flush(): void {
    const text = this.#waiting;
    if (text !== '') {
      this.#waiting = '';
      this.#destination.write(text);
    }
  }
}
