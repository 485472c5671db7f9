import type { LeaseLoss } from '../lease/lease-types.ts';
import type { EtcdDeps } from '../options.ts';
import type { Key, Revision } from '../types.ts';

export interface ElectionOptions {
  /** Keys of candidates are `<name>/<lease id in hex>`. */
  readonly name: string;
  /** What the candidate proposes, and what others see of the leader: the pod's name. */
  readonly identity: string;
  /** Whole seconds, from 5 to what etcd grants. Default 15. */
  readonly ttlSeconds?: number;
}

export interface ElectionDeps extends EtcdDeps {
  readonly observer?: ElectionObserver;
}

/**
 * A key under the election's name that somebody should see to:
 * - `without-lease`: it has the form of a candidate's key, and no lease that would ever end it: nobody can lead after it.
 * - `foreign-name`: it has not the form of a candidate's key. We pass it by; clients that are etcd's own wait for it.
 * - `same-identity`: a candidate that came after us bears our identity. That does no harm to the election, and hides from people who leads.
 */
export interface Obstacle {
  readonly key: Key;
  readonly kind: 'without-lease' | 'foreign-name' | 'same-identity';
}

/** Told what the election does, for metrics; everything is logged besides. All methods are optional and must not throw. */
export interface ElectionObserver {
  /** We stand: our key is in etcd, at this revision. */
  standing?(createRevision: Revision): void;
  /** Our lease is lost; we stand again with a new one. */
  leaseLost?(reason: LeaseLoss): void;
  /** Standing failed (why), or goes on again (undefined). */
  failing?(error: Error | undefined): void;
  /** The obstacles there are now; called when they change. */
  obstacles?(obstacles: readonly Obstacle[]): void;
}
