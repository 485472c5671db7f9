import type { Clock } from '../clock.ts';
import { messageOf } from '../errors.ts';
import { type Answer, type HttpServer, plain, startHttpServer } from './http-server.ts';
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

/** Serves /metrics, /healthz and /readyz. Throws a TerminalError with code `HTTP_ADDRESS_UNAVAILABLE` where it cannot listen. */
export async function startHealthServer(options: HealthOptions): Promise<HttpServer> {
  return await startHttpServer({
    ...options,
    flag: '--http-address',
    respond: ({ pathname }) => route(pathname, options),
  });
}

/** Never throws. */
async function route(path: string, options: HealthOptions): Promise<Answer> {
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
