import type { TermDeps } from '../leadership/running-term.ts';
import type { KubeClientOptions, KubeDeps } from './options.ts';

/** Which apiserver, and as whom; the elector's client has deadlines of its own, and no gate stands before it. */
export type LeaseKubeOptions = Omit<
  KubeClientOptions,
  'writeGate' | 'callTimeoutMs' | 'listTimeoutMs' | 'maxConnections'
>;

export interface LeaseElectorOptions {
  /** Namespace of the Lease. */
  readonly namespace: string;
  /** Name of the Lease; replicas with one name elect one leader. */
  readonly name: string;
  /** The replica's name: what others see of the leader. In the Lease something random follows it, so that no two replicas are one holder. */
  readonly identity: string;
  /** Whole seconds that a leader which is not heard of keeps the lead. Default 15. */
  readonly ttlSeconds?: number;
}

export interface LeaseElectorDeps extends KubeDeps {
  readonly log: KubeDeps['log'] & TermDeps['log'];
  readonly observer?: LeaseElectorObserver;
}

/** Told what the election does, for metrics; everything is logged besides. All methods are optional. */
export interface LeaseElectorObserver {
  /** The Lease cannot be read or written (why), or can again (undefined). */
  failing?(error: Error | undefined): void;
  /** Another replica that lives bears our identity: its name in the Lease. Once for each. */
  duplicate?(holder: string): void;
}
