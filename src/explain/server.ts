import type { Clock } from '../clock.ts';
import type { ListenAddress } from '../config/values.ts';
import { codeOf, messageOf } from '../errors.ts';
import { type Answer, type HttpServer, startHttpServer } from '../telemetry/http-server.ts';
import type { Explanation } from './types.ts';

/** What is asked. */
export interface Question {
  readonly namespace: string;
  readonly name: string;
  /** Only what concerns this address. */
  readonly address: string | undefined;
  /** Only removals of so many milliseconds up to now; undefined: all that are remembered. */
  readonly sinceMs: number | undefined;
}

/** Answers questions. Rejects with a code of {@link statuses} where there is nothing to tell. */
export type Explain = (question: Question) => Promise<Explanation>;

/** Errors that the one who asks can do something about, and the statuses that tell them. */
const statuses: Readonly<Record<string, number>> = { UNKNOWN_ETCD_SERVICE: 404, NOT_LEADING: 409 };

export interface ExplainServerOptions extends ListenAddress {
  readonly clock: Clock;
  readonly explain: Explain;
}

/**
 * Answers `explain` on the machine itself: whoever may read metrics must not read keys and addresses of every namespace, so that the
 * address is one of loopback (the option sees to it). Throws as `startHttpServer` does.
 */
export async function startExplainServer({ explain, ...options }: ExplainServerOptions): Promise<HttpServer> {
  return await startHttpServer({
    ...options,
    flag: '--explain-address',
    respond: (url) => answer(url, explain),
  });
}

/** The path and query of a question. */
export function pathOf({ namespace, name, address, sinceMs }: Question): string {
  const query = new URLSearchParams({
    namespace,
    name,
    ...(address !== undefined && { address }),
    ...(sinceMs !== undefined && { sinceMs: String(sinceMs) }),
  });
  return `/explain?${query}`;
}

async function answer({ pathname, searchParams }: URL, explain: Explain): Promise<Answer> {
  const namespace = searchParams.get('namespace');
  const name = searchParams.get('name');
  if (pathname !== '/explain' || namespace === null || name === null) {
    return json(404, { problem: 'There is /explain?namespace=…&name=…' });
  }
  const since = Number(searchParams.get('sinceMs') ?? Number.NaN);
  const question = {
    namespace,
    name,
    address: searchParams.get('address') ?? undefined,
    sinceMs: Number.isFinite(since) ? since : undefined,
  };
  try {
    return json(200, await explain(question));
  } catch (error) {
    const status = statuses[codeOf(error) ?? ''];
    if (status === undefined) {
      throw error;
    }
    return json(status, { problem: messageOf(error) });
  }
}

function json(status: number, body: object): Answer {
  return { status, contentType: 'application/json', body: `${JSON.stringify(body)}\n` };
}
