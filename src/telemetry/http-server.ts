import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '../clock.ts';
import { messageOf, TerminalError } from '../errors.ts';

export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

export interface HttpOptions {
  /** Absent: every address of the machine. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
  readonly clock: Clock;
  /** The flag that the address comes from, for messages. */
  readonly flag: string;
  /** Answers GET and HEAD. What it throws is answered with 500. */
  readonly respond: (url: URL) => Answer | Promise<Answer>;
}

export interface HttpServer {
  /** Where it listens, with the port that was taken. */
  readonly address: { readonly host: string; readonly port: number };
  /** Stops listening; answers under way get one second. */
  close(): Promise<void>;
}

/**
 * Requests are few and short, so whoever is slow or many is cut off, lest they keep the kubelet out: headers within 5 s, a whole request
 * within 10 s, no data for 15 s.
 */
const limits = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 8192,
};
const idleSocketMs = 15_000;
/**
 * One connection more ends the one that has been there longest: refused would be the kubelet as well, as long as others hold all of them. More than
 * the kernel hands over at once, so that who sends a request right away is read before that can happen.
 */
const maxConnections = 256;
const backlog = 128;
/** As many may be sent at once, without waiting for answers; then the connection ends. */
const maxRequests = 100;
const closeGraceMs = 1000;

/** Serves requests that only read. Throws a TerminalError with code `HTTP_ADDRESS_UNAVAILABLE` where it cannot listen. */
export async function startHttpServer(options: HttpOptions): Promise<HttpServer> {
  const server = createServer(limits, (request, response) => {
    void answer(request, response, options.respond);
  });
  server.maxRequestsPerSocket = maxRequests;
  endOldestBeyond(server, maxConnections);
  server.setTimeout(idleSocketMs);
  server.on('clientError', (_error, socket) => socket.destroy());
  await listen(server, options);
  const { address, port } = server.address() as AddressInfo;
  return { address: { host: address, port }, close: () => close(server, options.clock) };
}

/** Lets no more connections be open at once: one more ends the oldest. */
function endOldestBeyond(server: Server, most: number): void {
  // A set keeps the order of its additions.
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    const [oldest] = open;
    if (open.size > most && oldest !== undefined) {
      // Its close is told later, and the next connection must not end it again.
      open.delete(oldest);
      oldest.destroy();
    }
  });
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  respond: HttpOptions['respond'],
): Promise<void> {
  const { status, contentType, body } = await answerTo(request, respond);
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 && { allow: 'GET, HEAD', connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Never throws. */
async function answerTo({ method, url }: IncomingMessage, respond: HttpOptions['respond']): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') {
    return plain(405, 'Only GET and HEAD are answered');
  }
  const parsed = URL.parse(url ?? '', 'http://localhost');
  if (parsed === null) {
    return plain(400, 'The path cannot be read');
  }
  try {
    return await respond(parsed);
  } catch (error) {
    return plain(500, `It cannot be answered: ${messageOf(error)}`);
  }
}

/** A line of text. */
export function plain(status: number, body: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` };
}

function listen(server: Server, { host, port, flag }: HttpOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays for good: a later error is a connection that could not be accepted, and the next one may be.
    server.on('error', (cause) => {
      const text = `${host?.includes(':') ? `[${host}]` : (host ?? '')}:${port}`;
      const message = `Cannot listen on ${flag} ${text}: ${messageOf(cause)}`;
      reject(new TerminalError('HTTP_ADDRESS_UNAVAILABLE', message, { subject: text, cause }));
    });
    server.listen({ port, host, backlog }, () => resolve());
  });
}

function close(server: Server, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cut = clock.schedule(closeGraceMs, () => server.closeAllConnections());
    server.close(() => {
      cut();
      resolve();
    });
    server.closeIdleConnections();
  });
}
