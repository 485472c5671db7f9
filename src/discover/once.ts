import type { DiscoverConfig } from '../config/discover-options.ts';
import { messageOf, RetryableError } from '../errors.ts';
import { mayWorkElsewhere } from '../etcd/errors.ts';
import type { Change, MirroredRange } from '../etcd/types.ts';
import type { RegistrationReader } from '../formats/read.ts';
import { fullPrefix, rangeOf } from '../formats/source.ts';
import { EventFeed } from './event-feed.ts';
import { type DiscoverEvent, jsonLine } from './events.ts';
import { LeaseBook } from './lease-book.ts';
import { LevelFeed } from './level-feed.ts';
import { writeAll } from './line-writer.ts';
import { Roster } from './roster.ts';
import type { DiscoverDeps } from './run.ts';
import { tableFrame } from './table-frame.ts';
import { type Line, printable, renderLine } from './terminal-text.ts';
import { treeOf } from './tree.ts';
import { treeFrame } from './tree-frame.ts';

/** Lists what is registered now, prints it and ends. Rejects where etcd refuses the list, or does not give it in time. */
export async function listOnce(
  config: DiscoverConfig,
  read: RegistrationReader,
  deps: DiscoverDeps,
  signal: AbortSignal,
): Promise<void> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(config.timeoutMs)]);
  const range = await listed(config, deps, limit);
  const { revision } = range;
  const changes = Array.from(range.registrations.values(), (registration) => ({
    key: registration.key,
    registration,
    revision,
  }));
  const leases = config.leases ? new LeaseBook(deps) : undefined;
  leases?.apply(changes);
  range.release();
  const listing = { config, read, changes, revision, leases };
  const nextLine =
    config.output === 'json' ? await jsonLines(listing, limit) : await tableLines(listing, deps, limit);
  await writeAll(deps.stdout, nextLine, signal);
}

/** What has been listed, and how it is to be shown. */
interface Listing {
  readonly config: DiscoverConfig;
  readonly read: RegistrationReader;
  readonly changes: readonly Change[];
  readonly revision: number;
  readonly leases: LeaseBook | undefined;
}

type NextLine = () => string | undefined;

/** The range with its first list. */
function listed(
  { source, timeoutMs }: DiscoverConfig,
  { mirror }: DiscoverDeps,
  limit: AbortSignal,
): Promise<MirroredRange> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown): void => {
      range.release();
      reject(error);
    };
    const range = mirror.follow(rangeOf(source), {
      changed() {},
      synced: () => resolve(range),
      failureChanged() {
        const error = range.failure?.error;
        if (error !== undefined && !mayWorkElsewhere(error)) {
          fail(error);
        }
      },
    });
    limit.addEventListener('abort', () => fail(tooLate(timeoutMs, range.failure?.error)), { once: true });
  });
}

function tooLate(timeoutMs: number, cause: Error | undefined): RetryableError {
  const reason = cause === undefined ? 'it does not answer; is --etcd right?' : messageOf(cause);
  return new RetryableError(
    'DISCOVER_TIMEOUT',
    `etcd gave no list within --timeout ${timeoutMs} ms: ${reason}`,
    {
      cause,
    },
  );
}

async function jsonLines(listing: Listing, limit: AbortSignal): Promise<NextLine> {
  const { config, read, changes, revision, leases } = listing;
  const feed = config.tree ? levels(listing) : new EventFeed(read);
  if (feed instanceof EventFeed) {
    feed.changed(changes);
    feed.synced(revision, changes.length);
    await leases?.askAll(limit, (lease, keys, time) => feed.leaseAnswered(lease, keys, time));
  }
  return linesOf(feed, jsonLine);
}

function levels({ config, changes, revision, read }: Listing): LevelFeed {
  const roster = new Roster(read);
  roster.apply(changes);
  const feed = new LevelFeed();
  feed.show(treeOf(roster.registrations, config.source), revision);
  feed.synced(revision, changes.length);
  return feed;
}

function linesOf(
  feed: { next(): DiscoverEvent | undefined },
  lineOf: (event: DiscoverEvent) => string,
): NextLine {
  return () => {
    const event = feed.next();
    return event === undefined ? undefined : lineOf(event);
  };
}

async function tableLines(
  listing: Listing,
  { stdout, stderr }: DiscoverDeps,
  limit: AbortSignal,
): Promise<NextLine> {
  const { config, read, changes, leases } = listing;
  const { source } = config;
  await leases?.askAll(limit);
  const roster = new Roster(read);
  roster.apply(changes);
  if (changes.length === 0) {
    stderr.write(`Nothing is registered at ${printable(source.key ?? fullPrefix(source))}\n`);
    return () => undefined;
  }
  const remainingSeconds = leases && ((lease: string) => leases.remainingSeconds(lease));
  const lines: readonly Line[] = config.tree
    ? treeFrame(treeOf(roster.registrations, source))
    : tableFrame(roster.registrations, { columns: undefined, rows: undefined, remainingSeconds });
  const rendered = lines.values();
  return () => {
    const { value } = rendered.next();
    return value === undefined
      ? undefined
      : `${renderLine(value, undefined, config.colour && stdout.isTTY === true)}\n`;
  };
}
