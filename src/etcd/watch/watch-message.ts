import { changeOf, revisionOf } from '../client/decode.ts';
import type { WatchResponse, WireEvent } from '../client/etcd3.ts';
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
  /** Whether more of the same revision follows. */
  readonly fragment: boolean;
  readonly changes: readonly Change[];
}

/** Id of an answer that is for no single watch: refused creates, progress of all. */
export const noWatchId = -1;

export function watchIdOf(response: WatchResponse): number {
  return Number(response.watch_id);
}

/** So many events are decoded and told in one go, or as many as a revision has. */
const mostEvents = 250;

/**
 * A response as messages that say the same one after the other, each decoded when it is asked for: what catches up gets a hundred thousand events in
 * one response, and whoever is told of them must not keep the event loop. No revision is split that the response has whole.
 */
export function* partsOf(response: WatchResponse): Iterable<() => WatchMessage> {
  const { events, fragment } = response;
  let start = 0;
  do {
    const from = start;
    start = endOfPart(events, from);
    const isLast = start === events.length;
    const part = isLast && from === 0 ? events : events.slice(from, start);
    yield () => watchMessageOf({ ...response, events: part, fragment: fragment && isLast });
  } while (start < events.length);
}

function endOfPart(events: readonly WireEvent[], from: number): number {
  let end = Math.min(from + mostEvents, events.length);
  while (end < events.length && revisionAt(events, end) === revisionAt(events, end - 1)) {
    end += 1;
  }
  return end;
}

/** As text: to be compared, not to be reckoned with. */
function revisionAt(events: readonly WireEvent[], index: number): string | undefined {
  return events[index]?.kv.mod_revision;
}

function watchMessageOf(response: WatchResponse): WatchMessage {
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
