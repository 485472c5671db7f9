import type { KeyRange } from '../types.ts';

/** Why a range is listed: for the first time, or again because its mirror can no longer be trusted to follow. */
export type ListReason =
  | 'first'
  /** etcd compacted the revisions that the watch still needed. */
  | 'compacted'
  /** etcd ended the watch for a reason that is not known to be harmless. */
  | 'watch-ended'
  /** Another cluster answers. */
  | 'cluster-changed'
  /** The cluster's revision went back: it was restored. */
  | 'revision-back'
  /** A watch message was larger than the limit for messages. */
  | 'message-too-large'
  /** A watch message could not be decoded. */
  | 'message-unreadable'
  /** A new leader makes sure of what it has followed as a standby. */
  | 'refresh'
  /** The comparison of keys found the mirror to differ. */
  | 'drift';

/** A complete list of a range. */
export interface Listing {
  readonly range: KeyRange;
  readonly reason: ListReason;
  readonly keys: number;
  /** Bytes of keys and values. */
  readonly bytes: number;
  readonly durationMs: number;
}

/** Told what the mirror does, for metrics. All methods are optional. */
export interface MirrorObserver {
  listed?(listing: Listing): void;
  /** Changes that a watch brought. */
  events?(count: number): void;
  /** The watch stream was opened again after it broke. */
  reconnected?(): void;
  /** A watch needed revisions that etcd has compacted. */
  compacted?(range: KeyRange): void;
  /** A keys-only comparison has been completed. */
  compared?(range: KeyRange): void;
  /** The comparison found this many keys that differ; a full list follows. */
  driftFound?(range: KeyRange, keys: number): void;
}
