import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../clock.ts';
import { messageOf, TerminalError } from '../errors.ts';
import type { Exposition } from './metrics.ts';

/** Each check by name: why it fails, or undefined while all is well. */
export type Checks = Readonly<Record<string, () => string | undefined>>;

export interface HealthOptions {
  /** Absent: every address of the machine. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
  readonly clock: Clock;
  /** Behind /healthz: what only a restart can help. */
  readonly healthy: Checks;
  /** Behind /readyz: whether this replica can do its work; the Kubernetes caches alone, never a registry. */
  readonly ready: Checks;
  /** What /healthz tells besides, for people. */
  readonly facts?: () => Readonly<Record<string, string>>;
  readonly metrics: () => Promise<Exposition>;
}

export interface HealthServer {
  /** Where it listens, with the port that was taken. */
  readonly address: { readonly host: string; readonly port: number };
  /** Stops listening; answers under way get one second. */
  close(): Promise<void>;
}

/**
 * Probes and scrapes are few and short, so whoever is slow or many is cut off, lest they keep the kubelet out: headers within 5 s, a whole request
 * within 10 s, no data for 15 s, 64 connections.
 */
const limits = {
  headersTimeout: 5000,
  requestTimeout: 10_000,
  keepAliveTimeout: 5000,
  connectionsCheckingInterval: 1000,
  maxHeaderSize: 8192,
};
const idleSocketMs = 15_000;
const maxConnections = 64;
const closeGraceMs = 1000;

/** Serves /metrics, /healthz and /readyz. Throws a TerminalError with code `HTTP_ADDRESS_UNAVAILABLE` where it cannot listen. */
export async function startHealthServer(options: HealthOptions): Promise<HealthServer> {
  const server = createServer(limits, (request, response) => {
    void answer(request, response, options);
  });
  server.maxConnections = maxConnections;
  server.setTimeout(idleSocketMs);
  server.on('clientError', (_error, socket) => socket.destroy());
  await listen(server, options);
  const { address, port } = server.address() as AddressInfo;
  return { address: { host: address, port }, close: () => close(server, options.clock) };
}

interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  options: HealthOptions,
): Promise<void> {
  const { status, contentType, body } = await route(request, options);
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    ...(status === 405 && { allow: 'GET, HEAD', connection: 'close' }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** Never throws. */
async function route(request: IncomingMessage, options: HealthOptions): Promise<Answer> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return plain(405, 'Only GET and HEAD are answered');
  }
  const [path] = (request.url ?? '').split('?');
  switch (path) {
    case '/metrics':
      return await exposed(options.metrics);
    case '/healthz':
      return checked(options.healthy, options.facts?.());
    case '/readyz':
      return checked(options.ready);
    default:
      return plain(404, 'There are /metrics, /healthz and /readyz');
  }
}

async function exposed(metrics: () => Promise<Exposition>): Promise<Answer> {
  try {
    return { status: 200, ...(await metrics()) };
  } catch (error) {
    return plain(500, `Metrics cannot be computed: ${messageOf(error)}`);
  }
}

/** One line a check, as the apiserver's own probes answer, and one a fact. */
function checked(checks: Checks, facts: Readonly<Record<string, string>> = {}): Answer {
  const results = Object.entries(checks).map(([name, check]) => ({ name, failure: failureOf(check) }));
  const lines = results.map(({ name, failure }) =>
    failure === undefined ? `[+]${name} ok` : `[-]${name} failed: ${failure}`,
  );
  const isOk = results.every(({ failure }) => failure === undefined);
  const told = Object.entries(facts).map(([name, fact]) => `${name}: ${fact}`);
  return plain(isOk ? 200 : 503, [...lines, ...told, isOk ? 'ok' : 'failed'].join('\n'));
}

function failureOf(check: () => string | undefined): string | undefined {
  try {
    return check();
  } catch (error) {
    return messageOf(error);
  }
}

function plain(status: number, body: string): Answer {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${body}\n` };
}

function listen(server: Server, { host, port }: HealthOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    // Stays for good: a later error is a connection that could not be accepted, and the next one may be.
    server.on('error', (cause) => {
      const text = `${host?.includes(':') ? `[${host}]` : (host ?? '')}:${port}`;
      const message = `Cannot listen on --http-address ${text}: ${messageOf(cause)}`;
      reject(new TerminalError('HTTP_ADDRESS_UNAVAILABLE', message, { subject: text, cause }));
    });
    server.listen(port, host, () => resolve());
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
