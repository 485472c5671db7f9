import type { IncomingMessage } from 'node:http';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Clock } from '../clock.ts';
import type { TlsOptions } from '../etcd/options.ts';
import { parseJson } from '../formats/json-value.ts';
import { isFields } from '../formats/path.ts';
import type { ClockReading } from './clocks.ts';

/** What a member tells anybody by HTTP on its port for clients; each is undefined where it does not. */
export interface HttpLook {
  readonly clock: ClockReading | undefined;
  /** As in `3.5.30`. */
  readonly version: string | undefined;
  /** The most that its database may take. */
  readonly quotaBytes: number | undefined;
}

/** Its metrics are some 200 KiB. */
const mostBytes = 4 * 1024 * 1024;

/** Asks the member of that URL for its version and its metrics; whatever the answer is, it is dated. Never rejects: a member need not speak HTTP. */
export async function lookByHttp(
  url: string,
  tls: TlsOptions | undefined,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<HttpLook> {
  const signal = AbortSignal.timeout(timeoutMs);
  const askedMs = clock.now();
  try {
    const answer = await ask(new URL('/version', url), tls, signal);
    const answeredMs = clock.now();
    const serverMs = Date.parse(answer.headers.date ?? '');
    return {
      clock: Number.isNaN(serverMs) ? undefined : { serverMs, askedMs, answeredMs },
      version: versionIn(await textOf(answer)),
      quotaBytes: quotaIn(await textOf(await ask(new URL('/metrics', url), tls, signal))),
    };
  } catch {
    return { clock: undefined, version: undefined, quotaBytes: undefined };
  }
}

function ask(url: URL, tls: TlsOptions | undefined, signal: AbortSignal): Promise<IncomingMessage> {
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
    if (text.length > mostBytes) {
      break;
    }
  }
  return text;
}

/** As Prometheus writes numbers: `2.147483648e+09`. */
export function quotaIn(metrics: string): number | undefined {
  const [, digits] = /^etcd_server_quota_backend_bytes (\S+)$/m.exec(metrics) ?? [];
  const bytes = Number(digits);
  return digits !== undefined && bytes > 0 ? bytes : undefined;
}

function versionIn(text: string): string | undefined {
  const answer = parseJson(text);
  const version = isFields(answer) ? answer['etcdserver'] : undefined;
  return typeof version === 'string' ? version : undefined;
}
