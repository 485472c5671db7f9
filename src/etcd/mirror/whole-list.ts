import { hasCode } from '../../errors.ts';
import type { ReadingClient } from '../client/client.ts';
import type { Key, KeyRange, Registration, Revision } from '../types.ts';
import { isSame } from './difference.ts';
import { type ListOptions, listRange, type Page } from './range.ts';

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
 * Lists a whole range. Registrations that are `known` come as the very objects, so that an unchanged range takes no memory.
 */
export async function listWhole(
  client: ReadingClient,
  range: KeyRange,
  known: Known,
  options: Pick<ListOptions, 'joined' | 'signal'>,
): Promise<WholeList> {
  for (let start = 1; ; start += 1) {
    try {
      return await collect(listRange(client, range, options), known);
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
    for (const listed of page.registrations) {
      const ours = known(listed.key);
      registrations.set(listed.key, ours !== undefined && isSame(ours, listed) ? ours : listed);
    }
  }
  return { registrations, revision, clusterId, bytes };
}
