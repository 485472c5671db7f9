import type { Writable } from 'node:stream';

/** So much is handed to the stream at once, in characters. */
const chunkSize = 64 * 1024;

/** Writes lines no faster than they are taken: the next line is asked for when there is room, so that none waits here. */
export class LineWriter {
  readonly #out: Writable;
  readonly #nextLine: () => string | undefined;
  #isFull = false;
  #closed = false;

  /** `nextLine` gives a line with its break, or undefined where there is none now. */
  constructor(out: Writable, nextLine: () => string | undefined) {
    this.#out = out;
    this.#nextLine = nextLine;
  }

  /** There is something to write. */
  wake(): void {
    while (!this.#isFull && !this.#closed) {
      const chunk = nextChunk(this.#nextLine);
      if (chunk === '') {
        return;
      }
      if (!this.#out.write(chunk)) {
        this.#waitForRoom();
      }
    }
  }

  /** Nothing more is asked for; resolves when the reader has taken what was written, or when `signal` aborts. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true;
    await taken(this.#out, signal);
  }

  #waitForRoom(): void {
    this.#isFull = true;
    this.#out.once('drain', () => {
      this.#isFull = false;
      this.wake();
    });
  }
}

/** Writes every line that there is; resolves when the reader has taken them, or when `signal` aborts. */
export async function writeAll(
  out: Writable,
  nextLine: () => string | undefined,
  signal: AbortSignal,
): Promise<void> {
  for (let chunk = nextChunk(nextLine); chunk !== '' && !signal.aborted; chunk = nextChunk(nextLine)) {
    out.write(chunk);
    await taken(out, signal);
  }
}

function nextChunk(nextLine: () => string | undefined): string {
  let chunk = '';
  while (chunk.length < chunkSize) {
    const line = nextLine();
    if (line === undefined) {
      break;
    }
    chunk += line;
  }
  return chunk;
}

/** Resolves when the stream has passed on all that was written to it, has broken, or `signal` aborts. */
function taken(out: Writable, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || out.destroyed) {
      resolve();
      return;
    }
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    signal.addEventListener('abort', done, { once: true });
    out.write('', done);
  });
}
