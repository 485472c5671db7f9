import { hasCode } from '../../errors.ts';
import type { ReadingClient } from '../client/client.ts';
import { registrationOf, revisionOf, weightOf, wireRange } from '../client/decode.ts';
import type { RangeRequest, RangeResponse } from '../client/etcd3.ts';
import { rangeRpc } from '../client/rpc.ts';
import type { Key, KeyRange, Registration, Revision } from '../types.ts';
import type { JoinedReads, PageRequest } from './joined-reads.ts';
import { firstPageSize, nextPageSize, type PageSize, smallerPageSize } from './page-size.ts';

/** One page of a list. All pages of a list are at one revision. */
export interface Page {
  /** In the order of their keys. */
  readonly registrations: readonly Registration[];
  readonly revision: Revision;
  readonly clusterId: string;
  /** Bytes of keys and values. */
  readonly bytes: number;
}

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

type ReadPage = (request: PageRequest) => Promise<RangeResponse>;

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
  let size = firstPageSize(options.pageBytes ?? 2 * 1024 * 1024, keysOnly);
  let revision = options.revision ?? 0;
  let { start } = range;
  for (;;) {
    const request = { ...wireRange({ start, end: range.end }), revision, keys_only: keysOnly };
    const answer = await readPage(read, request, size);
    const page = pageOf(answer.response, revision);
    yield page;
    const last = page.registrations.at(-1);
    if (!answer.response.more || last === undefined) {
      return;
    }
    revision = page.revision;
    start = keyAfter(last.key);
    keyBytes = page.bytes / page.registrations.length;
    size = nextPageSize(answer.size, page.registrations.length, page.bytes);
  }
}

/** One page, asked for in smaller ones while it is larger than what can be received. */
async function readPage(
  read: ReadPage,
  request: RangeRequest,
  firstSize: PageSize,
): Promise<{ readonly response: RangeResponse; readonly size: PageSize }> {
  let size = firstSize;
  for (;;) {
    try {
      return { response: await read({ ...request, limit: size.limit }), size };
    } catch (error) {
      const smaller = hasCode(error, 'ETCD_MESSAGE_TOO_LARGE') ? smallerPageSize(size) : undefined;
      if (smaller === undefined) {
        throw error;
      }
      size = smaller;
    }
  }
}

/** `pinned` is the revision asked for; the header carries the newest one, whatever was asked. */
function pageOf(response: RangeResponse, pinned: Revision): Page {
  const { kvs } = response;
  return {
    registrations: kvs.map(registrationOf),
    revision: pinned === 0 ? revisionOf(response.header.revision) : pinned,
    clusterId: response.header.cluster_id,
    bytes: weightOf(kvs),
  };
}

/** The smallest key after this one. */
function keyAfter(key: Key): Key {
  return `${key}\0` as Key;
}
