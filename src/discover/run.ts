import type { Writable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { DiscoverConfig } from '../config/discover-options.ts';
import type { EtcdClient } from '../etcd/client/client.ts';
import { fileNews } from '../etcd/client/file-news.ts';
import { renewFromFiles } from '../etcd/client/renew-from-files.ts';
import { RenewableClient } from '../etcd/client/renewable-client.ts';
import { Mirror } from '../etcd/mirror/mirror.ts';
import { compileReader } from '../formats/read.ts';
import { loggable } from '../telemetry/loggable.ts';
import { follow } from './follow.ts';
import { listOnce } from './once.ts';
import type { ScreenOutput } from './screen.ts';

/** Where `discover` writes: the process's own streams. */
export interface Terminal {
  readonly stdout: Writable & ScreenOutput & { readonly isTTY?: boolean };
  readonly stderr: { write(text: string): unknown; readonly isTTY?: boolean };
}

/** What the parts of `discover` are handed. */
export interface DiscoverDeps extends Terminal {
  readonly client: Pick<EtcdClient, 'read'>;
  readonly mirror: Mirror;
  readonly clock: Clock;
}

/** Lists what is registered, or follows it until `signal` aborts. Rejects where a list that was asked for once cannot be had. */
export async function discover(
  config: DiscoverConfig,
  signal: AbortSignal,
  { stdout, stderr, clock }: Terminal & { readonly clock: Clock },
): Promise<void> {
  const deps = { clock, log: defectsOnly(stderr) };
  const client = RenewableClient.of(config.etcd, deps);
  const mirror = new Mirror(client, deps);
  const read = compileReader({ ...config.source, format: config.format }, config);
  const files = { first: config.etcd, reread: config.rereadEtcd };
  const told = (problem: string | undefined): void => {
    stderr.write(`etcd-endpoints: ${fileNews(problem)}\n`);
  };
  const endRenewing = renewFromFiles(client, files, { clock, told });
  try {
    const run = config.once ? listOnce : follow;
    await run(config, read, { client, mirror, clock, stdout, stderr }, signal);
  } finally {
    endRenewing();
    await mirror.close();
    await client.close();
  }
}

/** What etcd does is said by `discover` itself, in a sentence; of the log, errors alone are left, which are defects. */
function defectsOnly(stderr: Terminal['stderr']) {
  return {
    debug() {},
    info() {},
    warn() {},
    error(fields: object, message: string) {
      stderr.write(`etcd-endpoints: ${message}: ${JSON.stringify(loggable(fields))}\n`);
    },
  };
}
