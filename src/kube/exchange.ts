import type { Cancel, Clock } from '../clock.ts';
import { RetryableError, TerminalError } from '../errors.ts';
import { abortedError, type CallSubject, timeoutError, transportError } from './call-error.ts';

/** What is asked of the apiserver. */
export interface KubeRequest extends CallSubject {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** API path with its query, from `/api` or `/apis` on. */
  readonly path: string;
  readonly body?: object;
  /** Default application/json. */
  readonly contentType?: string;
  /** What form of JSON is wanted. Default application/json. */
  readonly accept?: string;
  /** From when the request leaves to the last byte of its answer, in milliseconds. */
  readonly deadlineMs: number;
}

/**
 * Decides at the moment when a write leaves whether it may: a replica writes while it leads, and not a moment longer. It is asked more than
 * once for one write.
 */
export interface WriteGate {
  /** Throws where nothing may leave now. */
  pass(): WritePass;
}

export interface WritePass {
  /** The answer must have come within so many milliseconds; then the request is aborted. */
  readonly withinMs: number;
  /** Aborts the request; where its reason is an error of ours, the request fails with the code of that. */
  readonly signal: AbortSignal;
}

/** One request under way: what ends it (deadline, its caller, close) and how its failure is told. */
export class Exchange {
  readonly request: KubeRequest;
  readonly #callerSignal: AbortSignal | undefined;
  readonly #cancelDeadline: Cancel;
  readonly #ended: () => void;
  /** Ends what is waited for. */
  #stop: (() => void) | undefined;
  #controller: AbortController | undefined;
  #isAborted: boolean = false;
  #timedOut: boolean = false;

  constructor(request: KubeRequest, clock: Clock, callerSignal: AbortSignal | undefined, ended: () => void) {
    this.request = request;
    this.#callerSignal = callerSignal;
    this.#ended = ended;
    callerSignal?.addEventListener('abort', this.abort);
    this.#cancelDeadline = clock.schedule(request.deadlineMs, () => {
      this.#timedOut = true;
      this.abort();
    });
  }

  /** Aborts with the exchange. Made where somebody asks for it: most do without, and each takes several listeners. */
  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#isAborted) {
      this.#controller.abort();
    }
    return this.#controller.signal;
  }

  readonly abort = (): void => {
    this.#isAborted = true;
    this.#stop?.();
    this.#controller?.abort();
  };

  end(): void {
    this.#cancelDeadline();
    this.#callerSignal?.removeEventListener('abort', this.abort);
    this.#ended();
  }

  /** Waits for what may take longer (a credential plugin, a connection), but no longer than the request may live; `stop` ends it then, where that is possible. */
  orAborted<R>(work: () => Promise<R>, stop?: () => void): Promise<R> {
    return new Promise((resolve, reject) => {
      if (this.#isAborted) {
        throw new Error('aborted');
      }
      this.#stop = () => {
        reject(new Error('aborted'));
        stop?.();
      };
      work().then(resolve, reject);
    });
  }

  /** The error to throw for `error`: the deadline and the abort are told apart from what the connection says of them. */
  failure(error: unknown): RetryableError | TerminalError {
    if (error instanceof RetryableError || error instanceof TerminalError) {
      return error;
    }
    if (this.#timedOut) {
      return timeoutError(this.request, this.request.deadlineMs);
    }
    return this.#isAborted
      ? abortedError(this.request, this.#callerSignal?.reason)
      : transportError(this.request, error);
  }
}
