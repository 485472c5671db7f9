/** What `explain` tells: as the controller answers it, and as `--output json` prints it. Times are RFC 3339, keys as they may be shown. */

import type { RemovalReason } from './removal.ts';

/** What is known of one lease. */
export interface LeaseState {
  /** In decimal. */
  readonly id: string;
  /** `Unknown`: etcd has not said so in time. */
  readonly state: 'Alive' | 'Gone' | 'Unknown';
  /** Whole seconds, where it is alive. */
  readonly remainingSeconds?: number;
  readonly grantedSeconds?: number;
}

/** A Kubernetes object that holds an endpoint. */
export interface Holder {
  readonly kind: 'EndpointSlice' | 'Endpoints';
  readonly name: string;
}

/** Why an endpoint is published that no key announces, or as another one than its key says. */
export interface Kept {
  /** `Draining`, or the reason of the condition RemovalHeld. */
  readonly reason: string;
  /** When that ends. */
  readonly until?: string;
  /** Id of the hold. */
  readonly hold?: string;
}

/** An endpoint with where it stands in Kubernetes. */
export interface PublishedEndpoint {
  readonly address: string;
  /** Port numbers, in the order of the Service's ports. */
  readonly ports: readonly number[];
  readonly ready: boolean;
  /** Empty: it is not written yet. */
  readonly in: readonly Holder[];
  readonly kept?: Kept;
}

/** One item of a registration, from how it is read to where it stands. */
export interface ItemChain {
  /** One word: `Published`, `NotReady`, `Filtered`, `Ignored`, `Duplicate`, or why it is rejected. */
  readonly reason: string;
  readonly message?: string;
  /** What the item announces; absent where it is no instance. */
  readonly instance?: {
    readonly address: string;
    /** By name; `''` is the port without one. */
    readonly ports: Readonly<Record<string, number>>;
    readonly ready: boolean;
  };
  /** The field of the filter that it does not pass. */
  readonly filteredBy?: string;
  readonly endpoint?: PublishedEndpoint;
}

/** One registration, from its key to the objects that hold it. */
export interface KeyChain {
  readonly key: string;
  /** At which it was written last, and first. */
  readonly revision: string;
  readonly createRevision: string;
  /** Absent where the key has none. */
  readonly lease?: LeaseState;
  /** The format that read it; absent where none could. */
  readonly format?: string;
  readonly items: readonly ItemChain[];
  /** Endpoints that stay in the place of what cannot be read. */
  readonly standIns: readonly PublishedEndpoint[];
}

/** An endpoint that has left. */
export interface RemovalText {
  readonly address: string;
  readonly ports: readonly number[];
  readonly reason: RemovalReason;
  readonly key?: string;
  readonly revision?: string;
  readonly lease?: string;
  readonly leftAt?: string;
  readonly removedAt?: string;
  readonly hold?: string;
}

/** The last write of an EtcdService. */
export interface LastWrite {
  readonly at: string;
  /** Registry revision that it reflects. */
  readonly revision: string;
}

/** Everything about one EtcdService. */
export interface Explanation {
  /** `namespace/name`. */
  readonly etcdService: string;
  /** The replica that tells it. */
  readonly replica: string;
  readonly service?: string;
  /** Registry revision that the replica has seen; absent before the first complete list. */
  readonly revision?: string;
  readonly conditions: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason: string;
    readonly message: string;
  }[];
  readonly keys: readonly KeyChain[];
  /** Keys beyond the most that are told at once. */
  readonly omittedKeys: number;
  /** Published endpoints that no key announces: held, or draining. */
  readonly kept: readonly PublishedEndpoint[];
  /** The latest first. */
  readonly removals: readonly RemovalText[];
  /** Absent where this replica has written nothing since it started. */
  readonly lastWrite?: LastWrite;
}
