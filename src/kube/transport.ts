/** One request to the apiserver and its answer: identity, deadline, bounds, and failures by name. What to ask stands in client.ts. */
import type { Dispatcher } from 'undici';
import type { Clock } from '../clock.ts';
import { abortedError, malformedError, statusError } from './call-error.ts';
import { Connection, type ConnectionOptions, type Session } from './connection.ts';
import { Exchange, type KubeRequest, type WriteGate } from './exchange.ts';
import { gated } from './gated.ts';
import { guarded } from './guarded.ts';
import type { KubeDeps } from './options.ts';
import { Slots } from './slots.ts';
import { WarningLog } from './warnings.ts';

export interface TransportOptions extends ConnectionOptions {
  readonly userAgent: () => string;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** For writes; its signal takes the place of the caller's. */
  readonly gate?: WriteGate | undefined;
}

/** How a request goes out. */
interface Route {
  readonly pool: 'calls' | 'watches';
  /** Longest silence that is borne; 0 leaves it to the deadline. */
  readonly idleMs: number;
  readonly gate?: WriteGate | undefined;
}

type Answer = Dispatcher.ResponseData;

/** The largest error answer that is read. */
const MAX_STATUS_BYTES = 1024 * 1024;
/** The largest answer that is read: a page of 500 slices of 1000 endpoints is half of it. */
const MAX_ANSWER_BYTES = 256 * 1024 * 1024;

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
  call(request: KubeRequest, { signal, gate }: CallOptions = {}): Promise<unknown> {
    return this.#slots.run(async () => {
      const pass = gate?.pass();
      const deadlineMs = Math.min(request.deadlineMs, pass?.withinMs ?? Number.POSITIVE_INFINITY);
      const exchange = this.#begin({ ...request, deadlineMs }, pass?.signal ?? signal);
      try {
        const answer = await this.#ask(exchange, { pool: 'calls', idleMs: 0, gate });
        return await readJson(request, answer);
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
      const answer = await this.#ask(exchange, { pool: 'watches', idleMs });
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
  async #ask(exchange: Exchange, route: Route): Promise<Answer> {
    const session = await exchange.orAborted(() => this.#connection.session());
    const answer = await this.#send(exchange, session, route);
    if (answer.statusCode !== 401) {
      return await this.#judge(exchange.request, answer);
    }
    const renewed = await exchange.orAborted(() => this.#connection.renew(session));
    if (renewed === session) {
      return await this.#judge(exchange.request, answer);
    }
    await answer.body.dump();
    return await this.#judge(exchange.request, await this.#send(exchange, renewed, route));
  }

  async #send(exchange: Exchange, session: Session, route: Route): Promise<Answer> {
    const { request, signal } = exchange;
    const { pool, idleMs, gate } = route;
    const dispatcher = gate === undefined ? session[pool] : gated(session[pool], gate);
    const sentAt = this.#clock.monotonic();
    let status = 0;
    let date: string | undefined;
    try {
      // undici looks at the signal once it has a connection, which may be never; it does not send then.
      const answer = await exchange.orAborted(() =>
        dispatcher.request({
          origin: session.origin,
          path: session.basePath + request.path,
          method: request.method,
          headers: { ...session.headers, ...this.#headersOf(request) },
          body: request.body === undefined ? null : JSON.stringify(request.body),
          signal,
          headersTimeout: idleMs,
          bodyTimeout: idleMs,
        }),
      );
      status = answer.statusCode;
      date = single(answer.headers['date']);
      this.#warnings.note(answer.headers['warning']);
      return answer;
    } finally {
      this.#report(request, status, this.#clock.monotonic() - sentAt, date);
    }
  }

  #headersOf(request: KubeRequest): Record<string, string> {
    return {
      accept: request.accept ?? 'application/json',
      'user-agent': this.#userAgent(),
      ...(request.body === undefined ? {} : { 'content-type': request.contentType ?? 'application/json' }),
    };
  }

  #report(request: KubeRequest, status: number, durationMs: number, date: string | undefined): void {
    const serverTimeMs = Date.parse(date ?? '');
    this.#onCall({
      verb: request.verb,
      resource: request.resource.plural,
      status,
      durationMs,
      ...(!Number.isNaN(serverTimeMs) && { serverTimeMs }),
    });
  }

  async #judge(request: KubeRequest, answer: Answer): Promise<Answer> {
    const { statusCode, headers, body } = answer;
    if (statusCode >= 200 && statusCode < 300) {
      return answer;
    }
    const text = await readText(body, MAX_STATUS_BYTES);
    throw statusError(request, statusCode, parseOrUndefined(text), single(headers['retry-after']));
  }
}

async function readJson(request: KubeRequest, answer: Answer): Promise<unknown> {
  const text = await readText(answer.body, MAX_ANSWER_BYTES);
  const parsed = parseOrUndefined(text);
  if (parsed === undefined) {
    throw malformedError(request, 'what is no JSON: is the server address right?');
  }
  return parsed;
}

async function readText(body: AsyncIterable<Buffer>, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > maxBytes) {
      throw new Error(`the answer is larger than ${maxBytes} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
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
