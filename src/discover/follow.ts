import { aborted } from '../abort.ts';
import type { DiscoverConfig } from '../config/discover-options.ts';
import { codeOf } from '../errors.ts';
import type { MirroredRange } from '../etcd/types.ts';
import type { RegistrationReader } from '../formats/read.ts';
import { rangeOf } from '../formats/source.ts';
import { jsonLine, textLine } from './events.ts';
import { LeaseBook } from './lease-book.ts';
import { eventsView, levelsView } from './lines-view.ts';
import { liveTable, liveTree } from './live.ts';
import type { DiscoverDeps } from './run.ts';
import { printable } from './terminal-text.ts';
import type { View } from './view.ts';

/** How long a slow reader is given for what has been written, when the command is told to stop. */
const lastLinesMs = 1_000;

/** Follows what is registered until `signal` aborts; an etcd that cannot be read is tried on and on. */
export async function follow(
  config: DiscoverConfig,
  read: RegistrationReader,
  deps: DiscoverDeps,
  signal: AbortSignal,
): Promise<void> {
  const { mirror, stdout, stderr } = deps;
  const isLive = config.output === 'table' && stdout.isTTY === true && config.canRedraw;
  const view = isLive ? liveView(config, read, deps) : linesView(config, read, deps);
  // A sentence in the midst of what is redrawn would tear it apart.
  const isSaid = !(isLive && stderr.isTTY === true);
  const say = (text: string): void => {
    if (isSaid) {
      stderr.write(`etcd-endpoints: ${printable(text)}\n`);
    }
  };
  let told: string | undefined;
  const look = (): void => {
    const error = range.failure?.error ?? (mirror.connection.connected ? undefined : mirror.connection.error);
    const code = error && (codeOf(error) ?? 'ETCD_FAILED');
    if (code === told) {
      return;
    }
    told = code;
    const trouble = error && `etcd cannot be read, trying on: ${error.message}`;
    view.trouble(trouble && printable(trouble));
    say(trouble ?? 'etcd is read again');
  };
  const range: MirroredRange = mirror.follow(rangeOf(config.source), {
    changed: (changes) => view.changed(changes),
    synced: () => view.synced(range),
    failureChanged: look,
  });
  const endConnection = mirror.onConnection(look);
  await aborted(signal);
  endConnection();
  range.release();
  await view.close(AbortSignal.timeout(lastLinesMs));
}

function liveView(config: DiscoverConfig, read: RegistrationReader, deps: DiscoverDeps): View {
  const liveDeps = {
    out: deps.stdout,
    colour: config.colour,
    read,
    source: config.source,
    clock: deps.clock,
  };
  return config.tree ? liveTree(liveDeps) : liveTable(liveDeps, leaseBook(config, deps));
}

function linesView(config: DiscoverConfig, read: RegistrationReader, deps: DiscoverDeps): View {
  const { source } = config;
  const lineOf = config.output === 'json' ? jsonLine : textLine;
  const linesDeps = { out: deps.stdout, lineOf, read };
  return config.tree
    ? levelsView(linesDeps, { source, clock: deps.clock })
    : eventsView(linesDeps, leaseBook(config, deps));
}

function leaseBook({ leases }: DiscoverConfig, deps: DiscoverDeps): LeaseBook | undefined {
  return leases ? new LeaseBook(deps) : undefined;
}
