import type { EtcdClient } from './client.ts';
import type { EtcdDeps } from './options.ts';
import type { Change, KeyRange, Revision } from './types.ts';

export interface WatchListener {
  /** Whole revisions, in order, none older than asked for. */
  changed(changes: readonly Change[]): void;
  /** Everything up to this revision has been told. */
  progress(revision: Revision): void;
  /** The watch goes on after a break: created again on another stream. */
  resumed(): void;
  /** The member's revision is below ours: it lags, or the cluster was restored. The watch goes on. */
  behind(revision: Revision): void;
  /** The watch is over; only a new list can go on from here. */
  lost(reason: 'compacted' | 'watch-ended' | 'cluster-changed' | 'message-too-large'): void;
  /** etcd refuses this watch (permission, bad range). It is over. */
  refused(error: Error): void;
}

export interface Watch {
  /** The revision that the watch continues from after a break. */
  readonly next: Revision;
  /** Ends it; nothing is called back afterwards. */
  cancel(): void;
}

export interface WatchHubOptions {
  /** Called whenever the stream is up (undefined) or could not be opened or kept (the error). */
  onState?(error: Error | undefined): void;
}

/** Many watches that share one gRPC stream, kept alive across members. */
export declare class WatchHub {
  constructor(client: EtcdClient, deps: EtcdDeps, options?: WatchHubOptions);
  /** Watches a range from `from` on (inclusive). */
  watch(range: KeyRange, from: Revision, listener: WatchListener): Watch;
  /** Member at the other end while a stream is up. */
  readonly member: string | undefined;
  close(): Promise<void>;
}
