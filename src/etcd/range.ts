import type { EtcdClient } from './client.ts';
import type { KeyRange, Registration, Revision } from './types.ts';

/** One page of a list. All pages of a list are at one revision. */
export interface Page {
  readonly registrations: readonly Registration[];
  readonly revision: Revision;
  readonly clusterId: string;
  /** Bytes of keys and values. */
  readonly bytes: number;
}

export interface ListOptions {
  /** Leaves the values out (they come as empty buffers). */
  readonly keysOnly?: boolean;
  /** The size that pages aim at; default 2 MiB. */
  readonly pageBytes?: number;
  /** Lists at this revision instead of the newest. */
  readonly revision?: Revision;
  readonly signal?: AbortSignal;
}

/** Lists a range in pages, linearizable. Throws ETCD_COMPACTED where the revision is compacted meanwhile: the caller starts again. */
export declare function listRange(
  client: EtcdClient,
  range: KeyRange,
  options?: ListOptions,
): AsyncGenerator<Page>;
