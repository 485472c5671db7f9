/** One request to the apiserver and its answer: identity, deadline, bounds, and failures by name. What to ask stands in client.ts. */
import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { abortedError, malformedError, statusError } from './call-error.ts';
import { Connection, type ConnectionOptions, type Session } from './connection.ts';
import { Exchange, type KubeRequest, type WriteGate } from './exchange.ts';
import { guarded } from './guarded.ts';
import type { KubeDeps } from './options.ts';
import { Slots } from './slots.ts';
import { WarningLog } from './warnings.ts';
import { type Headers, isGood, readStatus, WholeAnswer } from './whole-answer.ts';

export interface TransportOptions extends ConnectionOptions {
  readonly userAgent: () => string;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** For writes; its signal takes the place of the caller's. */
  readonly gate?: WriteGate | undefined;
}

/** What a call has brought. */
export interface Called {
  readonly body: unknown;
  /** Characters of its text. */
  readonly length: number;
}

/** The beginning of an answer. */
interface Answer {
  readonly statusCode: number;
  readonly headers: Headers;
}

/** An answer, and what is said where it is none that was hoped for. */
interface Sent<A extends Answer> {
  readonly answer: A;
  status(): Promise<string>;
}

export class Transport {
  readonly #connection: Connection;
  readonly #slots: Slots;
  readonly #userAgent: () => string;
  readonly #clock: Clock;
  readonly #onCall: NonNullable<KubeDeps['onCall']>;
  readonly #warnings: WarningLog;
  readonly #underWay = new Set<Exchange>();
  #closed: boolean = false;

  constructor(options: TransportOptions, deps: KubeDeps) {
    this.#connection = new Connection(options, deps);
    this.#slots = new Slots(options.maxConnections);
    this.#userAgent = options.userAgent;
    this.#clock = deps.clock;
    this.#onCall = guarded(deps.onCall, deps.log);
    this.#warnings = new WarningLog(guarded(deps.onWarning, deps.log));
  }

  get server(): string {
    return this.#connection.server;
  }

  get namespace(): string {
    return this.#connection.namespace;
  }

  /**
   * Sends a request and returns its answer, parsed. Waits for its turn; the deadline counts from then. A gate is asked then, and again
   * whenever the request is about to leave: what has waited too long does not.
   */
  call(request: KubeRequest, { signal, gate }: CallOptions = {}): Promise<Called> {
    return this.#slots.run(async () => {
      const pass = gate?.pass();
      const deadlineMs = Math.min(request.deadlineMs, pass?.withinMs ?? Number.POSITIVE_INFINITY);
      const exchange = this.#begin({ ...request, deadlineMs }, pass?.signal ?? signal);
      try {
        const answer = await this.#ask(exchange, (session) => this.#fetch(exchange, session, gate));
        const text = answer.take();
        return { body: parse(request, text), length: text.length };
      } catch (error) {
        throw exchange.failure(error);
      } finally {
        exchange.end();
      }
    });
  }

  /**
   * Sends a request whose answer has no end, outside of the pool of calls, and yields its bytes; `accepted` is called when the
   * apiserver has answered well. Fails when no byte comes for `idleMs`.
   */
  async *stream(
    request: KubeRequest,
    idleMs: number,
    signal: AbortSignal,
    accepted: () => void,
  ): AsyncGenerator<Uint8Array> {
    const exchange = this.#begin(request, signal);
    try {
      const answer = await this.#ask(exchange, (session) => this.#open(exchange, session, idleMs));
      accepted();
      yield* answer.body;
    } catch (error) {
      throw exchange.failure(error);
    } finally {
      exchange.end();
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const exchange of this.#underWay) {
      exchange.abort();
    }
    await this.#connection.close();
  }

  #begin(request: KubeRequest, signal: AbortSignal | undefined): Exchange {
    if (this.#closed || signal?.aborted === true) {
      throw abortedError(request, signal?.reason);
    }
    const exchange = new Exchange(request, this.#clock, signal, () => this.#underWay.delete(exchange));
    this.#underWay.add(exchange);
    return exchange;
  }

  /** Sends, once more with new credentials after a 401, and returns a good answer. */
  async #ask<A extends Answer>(exchange: Exchange, send: (session: Session) => Promise<Sent<A>>): Promise<A> {
    const { request } = exchange;
    const session = this.#connection.standing ?? (await exchange.orAborted(() => this.#connection.session()));
    const sent = await send(session);
    if (sent.answer.statusCode !== 401) {
      return await judged(request, sent);
    }
    const renewed = await exchange.orAborted(() => this.#connection.renew(session));
    if (renewed === session) {
      return await judged(request, sent);
    }
    // Whatever it says, its connection is free for others then.
    await sent.status().catch(() => undefined);
    return await judged(request, await send(renewed));
  }

  /** Sends and reads the whole answer. */
  async #fetch(
    exchange: Exchange,
    session: Session,
    gate: WriteGate | undefined,
  ): Promise<Sent<WholeAnswer>> {
    const answered = this.#reporting(exchange.request);
    const answer = new WholeAnswer({ mayLeave: () => gate?.pass(), answered });
    try {
      await exchange.orAborted(
        () => {
          session.calls.dispatch(this.#optionsOf(exchange.request, session, 0), answer);
          return answer.whole;
        },
        () => answer.abort(),
      );
    } catch (error) {
      if (answer.statusCode === 0) {
        answered(0, {});
      }
      // That credentials are refused the status says alone.
      if (answer.statusCode !== 401) {
        throw error;
      }
    }
    return { answer, status: async () => answer.take() };
  }

  /** Sends and returns what the answer begins with, and its bytes as they come. */
  async #open(exchange: Exchange, session: Session, idleMs: number): Promise<Sent<Dispatcher.ResponseData>> {
    const { request, signal } = exchange;
    const answered = this.#reporting(request);
    try {
      // undici looks at the signal once it has a connection, which may be never; it does not send then.
      const answer = await exchange.orAborted(() =>
        session.watches.request({ ...this.#optionsOf(request, session, idleMs), signal }),
      );
      answered(answer.statusCode, answer.headers);
      return { answer, status: () => readStatus(answer.body) };
    } catch (error) {
      answered(0, {});
      throw error;
    }
  }

  /** `idleMs`: the longest silence that is borne; 0 leaves it to the deadline. */
  #optionsOf(request: KubeRequest, session: Session, idleMs: number): Dispatcher.DispatchOptions {
    return {
      origin: session.origin,
      path: session.basePath + request.path,
      method: request.method,
      headers: { ...session.headers, ...this.#headersOf(request) },
      body: request.body === undefined ? null : JSON.stringify(request.body),
      headersTimeout: idleMs,
      bodyTimeout: idleMs,
    };
  }

  #headersOf(request: KubeRequest): Record<string, string> {
    return {
      accept: request.accept ?? 'application/json',
      'user-agent': this.#userAgent(),
      ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
    };
  }

  /** Tells of a request that leaves now what the headers of its answer say; status 0 where none come. */
  #reporting(request: KubeRequest): (status: number, headers: Headers) => void {
    const sentAt = this.#clock.monotonic();
    return (status, headers) => {
      this.#warnings.note(headers['warning']);
      const serverTimeMs = Date.parse(single(headers['date']) ?? '');
      this.#onCall({
        verb: request.verb,
        resource: request.resource.plural,
        status,
        durationMs: this.#clock.monotonic() - sentAt,
        ...(!Number.isNaN(serverTimeMs) && { serverTimeMs }),
      });
    };
  }
}

async function judged<A extends Answer>(request: KubeRequest, { answer, status }: Sent<A>): Promise<A> {
  const { statusCode, headers } = answer;
  if (isGood(statusCode)) {
    return answer;
  }
  throw statusError(request, statusCode, parseOrUndefined(await status()), single(headers['retry-after']));
}

function parse(request: KubeRequest, text: string): unknown {
  const parsed = parseOrUndefined(text);
  if (parsed === undefined) {
    throw malformedError(request, 'what is no JSON: is the server address right?');
  }
  return parsed;
}

function parseOrUndefined(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
