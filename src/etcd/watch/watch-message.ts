import { changeOf, revisionOf } from '../client/decode.ts';
import type { WatchResponse } from '../client/etcd3.ts';
import type { Change, Revision } from '../types.ts';

/** A watch response, decoded. */
export interface WatchMessage {
  /** `0` where the answer comes from etcd's gRPC proxy alone. */
  readonly clusterId: string;
  /** Revision of the member when it answered. */
  readonly revision: Revision;
  readonly created: boolean;
  readonly canceled: boolean;
  /** Not 0: the watch needs revisions below this one, which are compacted. */
  readonly compactRevision: Revision;
  readonly cancelReason: string;
  /** Whether more of the same answer follows, which may be of the same revision. */
  readonly fragment: boolean;
  readonly changes: readonly Change[];
}

/** Id of an answer that is for no single watch: refused creates, progress of all. */
export const noWatchId = -1;

export function watchIdOf(response: WatchResponse): number {
  return Number(response.watch_id);
}

/** Throws where a number is out of range. */
export function watchMessageOf(response: WatchResponse): WatchMessage {
  return {
    clusterId: response.header.cluster_id,
    revision: revisionOf(response.header.revision),
    created: response.created,
    canceled: response.canceled,
    compactRevision: revisionOf(response.compact_revision),
    cancelReason: response.cancel_reason,
    fragment: response.fragment,
    changes: response.events.map(changeOf),
  };
}
