import type { Clock } from '../clock.ts';
import { askMember, versionIn } from '../etcd/client/member-http.ts';
import type { TlsOptions } from '../etcd/options.ts';
import type { ClockReading } from './clocks.ts';

/** What a member tells anybody by HTTP on its port for clients; each is undefined where it does not. */
export interface HttpLook {
  readonly clock: ClockReading | undefined;
  /** As in `3.5.30`. */
  readonly version: string | undefined;
  /** The most that its database may take. */
  readonly quotaBytes: number | undefined;
}

/** Asks the member of that URL for its version and its metrics; whatever the answer is, it is dated. Never rejects: a member need not speak HTTP. */
export async function lookByHttp(
  url: string,
  tls: TlsOptions | undefined,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<HttpLook> {
  const signal = AbortSignal.timeout(timeoutMs);
  const askedMs = clock.now();
  try {
    const answer = await askMember(new URL('/version', url), tls, signal);
    const answeredMs = clock.now();
    const serverMs = Date.parse(answer.date ?? '');
    return {
      clock: Number.isNaN(serverMs) ? undefined : { serverMs, askedMs, answeredMs },
      version: versionIn(answer.text),
      quotaBytes: quotaIn((await askMember(new URL('/metrics', url), tls, signal)).text),
    };
  } catch {
    return { clock: undefined, version: undefined, quotaBytes: undefined };
  }
}

/** As Prometheus writes numbers: `2.147483648e+09`. */
export function quotaIn(metrics: string): number | undefined {
  const [, digits] = /^etcd_server_quota_backend_bytes (\S+)$/m.exec(metrics) ?? [];
  const bytes = Number(digits);
  return digits !== undefined && bytes > 0 ? bytes : undefined;
}
