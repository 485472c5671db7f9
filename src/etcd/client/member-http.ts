/** What a member tells anybody by HTTP, on its port for clients. It need not speak HTTP there (`--listen-client-http-urls`). */
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { EtcdOptions, TlsOptions } from '../options.ts';

export interface HttpAnswer {
  /** As the header Date has it; undefined without. */
  readonly date: string | undefined;
  /** Cut where it is longer than 4 MiB: metrics, the longest answer, are some 200 KiB. */
  readonly text: string;
}

const mostLength = 4 * 1024 * 1024;

/** Rejects where the member does not answer before `signal` aborts. */
export async function askMember(
  url: URL,
  tls: TlsOptions | undefined,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  const answer = await get(url, tls, signal);
  return { date: answer.headers.date, text: await textOf(answer) };
}

/** The version, as in `3.5.30`, of the first member that tells it; undefined where none does in time. */
export async function versionByHttp(
  { hosts, tls, callTimeoutMs = 10_000 }: EtcdOptions,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const host of hosts) {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(callTimeoutMs)]);
    try {
      return versionIn((await askMember(new URL('/version', host), tls, limit)).text);
    } catch {
      // The next one may tell it.
    }
  }
  return undefined;
}

/** The version in the answer to `/version`; undefined where it has none. */
export function versionIn(text: string): string | undefined {
  try {
    const { etcdserver } = JSON.parse(text);
    return typeof etcdserver === 'string' ? etcdserver : undefined;
  } catch {
    return undefined;
  }
}

function get(url: URL, tls: TlsOptions | undefined, signal: AbortSignal): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { serverName: servername, ...material } = tls ?? {};
    const options = { signal, agent: false, ...material, ...(servername !== undefined && { servername }) };
    const asking = url.protocol === 'https:' ? httpsRequest(url, options) : httpRequest(url, options);
    asking.on('response', resolve);
    asking.on('error', reject);
    asking.end();
  });
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let text = '';
  for await (const part of answer.setEncoding('utf8')) {
    text += part;
    if (text.length > mostLength) {
      break;
    }
  }
  return text;
}
