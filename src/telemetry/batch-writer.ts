/** Where text goes. */
export interface Destination {
  write(text: string): void;
}

/** How long text waits for more, in milliseconds: a person sees no delay in it. */
const longestMs = 10;
/** So many characters do not wait for more. */
const mostWaiting = 64 * 1024;

/** Writes what comes within 10 ms at once: a start with thousands of EtcdServices has as many lines to say, and each write costs as much as a request. */
export class BatchWriter implements Destination {
  readonly #destination: Destination;
  #waiting = '';
  #timer: NodeJS.Timeout | undefined;

  constructor(destination: Destination) {
    this.#destination = destination;
  }

  write(text: string): void {
    this.#waiting += text;
    if (this.#waiting.length > mostWaiting) {
      this.flush();
    } else {
      this.#timer ??= setTimeout(() => this.flush(), longestMs);
    }
  }

  /** Returns when everything has been written. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const text = this.#waiting;
    if (text !== '') {
      this.#waiting = '';
      this.#destination.write(text);
    }
  }
}
