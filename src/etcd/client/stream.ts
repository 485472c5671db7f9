import { type ClientDuplexStream, type ServiceError, status } from '@grpc/grpc-js';
import { Pace } from '../../pace.ts';
import type { EtcdError } from '../errors.ts';

export interface StreamHandler<Response> {
  message(response: Response): void;
  /** The stream is over, for whatever reason but our own cancel. Called at most once, and nothing after it. */
  ended(error: EtcdError): void;
}

export interface EtcdStream<Request> {
  send(request: Request): void;
  /** Ends the stream at once; nothing is called back afterwards. */
  cancel(): void;
}

/** How the bytes of a response are read: as one or several responses. */
export interface ResponseReading<Response> {
  readonly parts: (bytes: Buffer) => Iterable<Buffer>;
  readonly decode: (part: Buffer) => Response;
}

/**
 * Tames a gRPC stream: one end, whichever of its events tells it first, and none after a cancel. A handler that throws ends the stream. Responses are
 * decoded as they are handed over, at a pace that leaves the event loop room for others; the server waits meanwhile.
 */
export function openStream<Request, Response>(
  call: ClientDuplexStream<Request, Buffer>,
  { parts, decode }: ResponseReading<Response>,
  handler: StreamHandler<Response>,
  describe: (error: Partial<ServiceError>) => EtcdError,
): EtcdStream<Request> {
  let open = true;
  const fallSilent = (): void => {
    open = false;
    received.clear();
  };
  const end = (error: Partial<ServiceError>): void => {
    if (open) {
      fallSilent();
      handler.ended(describe(error));
    }
  };
  const handOver = (part: () => Buffer | undefined): void => {
    try {
      const bytes = part();
      if (bytes !== undefined) {
        handler.message(decode(bytes));
      }
    } catch (error) {
      call.cancel();
      end({ code: status.INTERNAL, details: `a message could not be handled: ${error}` });
    }
  };
  const received = new Received(handOver, () => call.resume());
  call.on('data', (bytes: Buffer) => {
    if (open) {
      received.add(parts(bytes));
      if (received.size > 1) {
        // More would only wait here.
        call.pause();
      }
    }
  });
  call.on('error', end);
  call.on('status', ({ details }) =>
    end({ code: status.UNAVAILABLE, details: details || 'the server ended the stream' }),
  );
  return {
    send: (request) => {
      if (open) {
        call.write(request);
      }
    },
    cancel: () => {
      fallSilent();
      call.cancel();
    },
  };
}

/** What has been received and not been handed over yet, in order: each message in its parts, which are made in their turn. */
class Received {
  readonly #handOver: (part: () => Buffer | undefined) => void;
  readonly #pace: Pace;
  #messages: Iterator<Buffer>[] = [];

  /** A part is undefined where its message has none any more; `idle` is called whenever all has been handed over. */
  constructor(handOver: (part: () => Buffer | undefined) => void, idle: () => void) {
    this.#handOver = handOver;
    this.#pace = new Pace(idle);
  }

  /** How many messages wait, one that is being handed over among them. */
  get size(): number {
    return this.#messages.length;
  }

  add(parts: Iterable<Buffer>): void {
    this.#messages.push(parts[Symbol.iterator]());
    if (this.#messages.length === 1) {
      this.#goOn();
    }
  }

  clear(): void {
    this.#messages = [];
    this.#pace.clear();
  }

  #goOn(): void {
    this.#pace.add(() => {
      this.#handOver(() => this.#next());
      if (this.#messages.length > 0) {
        this.#goOn();
      }
    });
  }

  #next(): Buffer | undefined {
    const next = this.#messages[0]?.next();
    if (next?.done === true) {
      this.#messages.shift();
    }
    return next?.value;
  }
}
