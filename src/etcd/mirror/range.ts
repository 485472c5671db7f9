import { hasCode } from '../../errors.ts';
import { nextPageSize, type PageSize, smallerPageSize } from '../../page-size.ts';
import type { RangeAnswer } from '../client/answers.ts';
import type { ReadingClient } from '../client/client.ts';
import type { RangeRequest } from '../client/etcd3.ts';
import { rangeRpc } from '../client/rpc.ts';
import { wireRange } from '../client/wire-range.ts';
import type { Key, KeyRange, Revision } from '../types.ts';
import type { JoinedReads, PageRequest } from './joined-reads.ts';

/** One page of a list. All pages of a list are at one revision: that of each is the one that it is of, not the newest. */
export type Page = Omit<RangeAnswer, 'more'>;

export interface ListOptions {
  /** Leaves the values out: they come empty. */
  readonly keysOnly?: boolean;
  /** The size that pages aim at; default 2 MiB. */
  readonly pageBytes?: number;
  /** Lists at this revision instead of the newest. */
  readonly revision?: Revision;
  readonly signal?: AbortSignal;
  /** Has pages read together with those of other ranges. */
  readonly joined?: JoinedReads;
}

/** With values of 1.5 MiB, the most that etcd takes by default, the first page stays below 50 MiB. */
const firstLimit = 32;
/** Keys without values are light, whatever the values are. */
const firstLimitKeysOnly = 1_000;
const mostKeys = 10_000;

type ReadPage = (request: PageRequest) => Promise<RangeAnswer>;

/**
 * Lists a range in pages of bounded bytes, all at the revision of the first; at least one page, be it empty. Every page is linearizable: a
 * member that lags behind the revision waits until it has it, where a serializable page would fail as being of the future. Throws ETCD_COMPACTED
 * where the revision is compacted meanwhile: the caller starts again.
 */
export async function* listRange(
  client: ReadingClient,
  range: KeyRange,
  options: ListOptions = {},
): AsyncGenerator<Page> {
  const { keysOnly = false, joined, signal } = options;
  let keyBytes: number | undefined;
  const read: ReadPage = (request) =>
    joined === undefined
      ? client.read(rangeRpc, request, { signal })
      : joined.read(request, { signal, keyBytes });
  let size: PageSize = {
    limit: keysOnly ? firstLimitKeysOnly : firstLimit,
    targetBytes: options.pageBytes ?? 2 * 1024 * 1024,
    most: mostKeys,
  };
  let revision = options.revision ?? 0;
  let { start } = range;
  for (;;) {
    const request = { ...wireRange({ start, end: range.end }), revision, keys_only: keysOnly };
    const { answer, size: asked } = await readPage(read, request, size);
    // What an answer says is the newest revision, whatever was asked for.
    revision ||= answer.revision;
    const page = { ...answer, revision };
    yield page;
    const last = page.registrations.at(-1);
    if (!answer.more || last === undefined) {
      return;
    }
    start = keyAfter(last.key);
    keyBytes = page.bytes / page.registrations.length;
    size = nextPageSize(asked, page.registrations.length, page.bytes);
  }
}

/** One page, asked for in smaller ones while it is larger than what can be received. */
async function readPage(
  read: ReadPage,
  request: RangeRequest,
  firstSize: PageSize,
): Promise<{ readonly answer: RangeAnswer; readonly size: PageSize }> {
  let size = firstSize;
  for (;;) {
    try {
      return { answer: await read({ ...request, limit: size.limit }), size };
    } catch (error) {
      const smaller = hasCode(error, 'ETCD_MESSAGE_TOO_LARGE') ? smallerPageSize(size) : undefined;
      if (smaller === undefined) {
        throw error;
      }
      size = smaller;
    }
  }
}

/** The smallest key after this one. */
function keyAfter(key: Key): Key {
  return `${key}\0` as Key;
}
