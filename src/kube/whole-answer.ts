import type { Dispatcher } from 'undici';

/** The largest answer that is read: where a list has outlived its first page it comes in one piece, and 1000 slices of 1000 endpoints are half of this. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;
/** The largest error answer that is read. */
const MAX_STATUS_BYTES = 1024 * 1024;

export interface AnswerDeps {
  /** Asked when the request goes onto its socket, which may be long after it was handed over; throws where it may not leave. */
  readonly mayLeave: () => void;
  /** The headers of the answer are there. */
  readonly answered: (statusCode: number, headers: Headers) => void;
}

/** The headers of an answer, by their names in lower case. */
export type Headers = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2];

/**
 * An answer that is read whole, as undici tells it. A stream that is made, read and ended for each answer, with a signal that it listens to, takes several
 * times as long and lives long enough to be moved to old space.
 */
export class WholeAnswer implements Dispatcher.DispatchHandler {
  statusCode = 0;
  /** Of an answer that refuses: those of a good one are told when they come, and asked for no more. */
  headers: Headers = {};
  readonly #deps: AnswerDeps;
  readonly #whole = Promise.withResolvers<void>();
  readonly #chunks = new Chunks();
  #controller: Dispatcher.DispatchController | undefined;
  #isAborted: boolean = false;

  constructor(deps: AnswerDeps) {
    this.#deps = deps;
  }

  /** Resolves when all of it is there; rejects where it does not come, or is too large. */
  get whole(): Promise<void> {
    return this.#whole.promise;
  }

  /** What it says, once. It is kept nowhere: whatever this object holds is moved to old space where it was moved itself, alive or not. */
  take(): string {
    return this.#chunks.take();
  }

  /** The request does not leave any more, or ends where it is. */
  abort(): void {
    this.#isAborted = true;
    this.#controller?.abort(new Error('aborted'));
  }

  /** What it throws undici fails the request with, and keeps the connection. */
  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#isAborted) {
      throw new Error('aborted');
    }
    this.#deps.mayLeave();
    this.#controller = controller;
  }

  onResponseStart(_controller: unknown, statusCode: number, headers: Headers): void {
    // Before its answer a server may say that one is to come.
    if (statusCode >= 200) {
      this.statusCode = statusCode;
      this.headers = isGood(statusCode) ? {} : headers;
      this.#deps.answered(statusCode, headers);
    }
  }

  /** Here, too, undici ends the request with what is thrown. */
  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.#chunks.add(chunk, isGood(this.statusCode) ? MAX_ANSWER_BYTES : MAX_STATUS_BYTES);
  }

  onResponseEnd(): void {
    this.#whole.resolve();
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.#whole.reject(error);
  }
}

export function isGood(statusCode: number): boolean {
  return statusCode >= 200 && statusCode < 300;
}

/** The text of an error answer that comes as a stream. */
export async function readStatus(body: AsyncIterable<Buffer>): Promise<string> {
  const chunks = new Chunks();
  for await (const chunk of body) {
    chunks.add(chunk, MAX_STATUS_BYTES);
  }
  return chunks.take();
}

/** What has come of an answer. */
class Chunks {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** Throws where all of them together are larger than so many bytes. */
  add(chunk: Buffer, most: number): void {
    this.#bytes += chunk.length;
    if (this.#bytes > most) {
      throw new Error(`the answer is larger than ${most} bytes`);
    }
    this.#chunks.push(chunk);
  }

  /** The text of all of them, once. */
  take(): string {
    const chunks = this.#chunks;
    this.#chunks = [];
    const [first, ...more] = chunks;
    return first !== undefined && more.length === 0 ? first.toString() : Buffer.concat(chunks).toString();
  }
}
