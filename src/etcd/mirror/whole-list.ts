import { hasCode } from '../../errors.ts';
import type { ReadingClient } from '../client/client.ts';
import { withOwnValue } from '../client/decode.ts';
import type { Key, KeyRange, Registration, Revision } from '../types.ts';
import { isSame } from './difference.ts';
import { listRange, type Page } from './range.ts';

/** A complete list of a range, at one revision. */
export interface WholeList {
  readonly registrations: ReadonlyMap<Key, Registration>;
  readonly revision: Revision;
  readonly clusterId: string;
  /** Bytes of keys and values. */
  readonly bytes: number;
}

/** How often a list begins again because its revision was compacted under it. */
const mostStarts = 3;

/** What is known of keys already. */
type Known = (key: Key) => Registration | undefined;

/**
 * Lists a whole range. Registrations that are `known` come as the very objects, so that an unchanged range takes no memory; the few that are new beside
 * them keep no more than their own value.
 */
export async function listWhole(
  client: ReadingClient,
  range: KeyRange,
  known: Known,
  signal: AbortSignal,
): Promise<WholeList> {
  for (let start = 1; ; start += 1) {
    try {
      return await collect(listRange(client, range, { signal }), known);
    } catch (error) {
      if (start === mostStarts || !hasCode(error, 'ETCD_COMPACTED')) {
        throw error;
      }
    }
  }
}

async function collect(pages: AsyncIterable<Page>, known: Known): Promise<WholeList> {
  const registrations = new Map<Key, Registration>();
  let [revision, clusterId, bytes] = [0, '', 0];
  for await (const page of pages) {
    ({ revision, clusterId } = page);
    bytes += page.bytes;
    for (const kept of keep(page.registrations, known)) {
      registrations.set(kept.key, kept);
    }
  }
  return { registrations, revision, clusterId, bytes };
}

/** The values of a page share a buffer, which is fine where all of it is new; of one that is mostly known, the rest would keep it whole. */
function keep(listed: readonly Registration[], known: Known): readonly Registration[] {
  const kept = listed.map((registration) => {
    const ours = known(registration.key);
    return ours !== undefined && isSame(ours, registration) ? ours : registration;
  });
  const isNews = (registration: Registration, place: number): boolean => registration === listed[place];
  return kept.every(isNews)
    ? kept
    : kept.map((registration, place) =>
        isNews(registration, place) ? withOwnValue(registration) : registration,
      );
}
