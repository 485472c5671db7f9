/** What the pure middle speaks: desired endpoints, between registrations and Kubernetes objects. */
import type { RejectionReason } from '../formats/rejection.ts';

export type Protocol = 'TCP' | 'UDP' | 'SCTP';

/** A port of the Service that endpoints are published for. */
export interface ServicePort {
  /** `''` where the Service has a single unnamed port. */
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly appProtocol?: string | undefined;
  /** A number is always this port; a name is the registration's port or URL scheme of that name; absent is its only port. */
  readonly targetPort?: number | string | undefined;
  /** Port where the registration names none. */
  readonly defaultTargetPort?: number | undefined;
}

export interface EndpointPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly appProtocol?: string;
}

/** One address with the ports that it is published for. */
export interface DesiredEndpoint {
  readonly address: string;
  /** In the order of the Service's ports. */
  readonly ports: readonly EndpointPort[];
  readonly ready: boolean;
  /** Wall-clock milliseconds until which a removed instance stays for its last connections. It is not ready, and still serves. */
  readonly drainUntil?: number;
  /** Where it runs, as `topology.kubernetes.io/zone` of a Node says it. */
  readonly zone?: string;
  /** The Node that has its address. */
  readonly nodeName?: string;
  /** Its own name below a headless Service: a DNS label. */
  readonly hostname?: string;
  /** Labels of the slice that it is in. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Its part of the traffic, for readers that weigh: a whole number. */
  readonly weight?: number;
}

/** What the metadata of an instance has that cannot be published; the instance is published without. */
export type Flaw = 'InvalidZone' | 'InvalidLabel' | 'InvalidWeight';

/** What became of one item of a registration under the spec. */
export type Outcome =
  | {
      readonly kind: 'endpoint';
      readonly endpoint: DesiredEndpoint;
      /** Whether it lacks some of the Service's ports. */
      readonly partial: boolean;
      /** Each at most once. */
      readonly flaws: readonly Flaw[];
    }
  | { readonly kind: 'filtered' }
  | { readonly kind: 'ignored' }
  | { readonly kind: 'rejected'; readonly reason: RejectionReason; readonly message: string };

/** What one key contributes. */
export interface KeyOutcome {
  /** The key as it may be shown. */
  readonly key: string;
  /** The format that read it; undefined where none could. */
  readonly format: string | undefined;
  readonly outcomes: readonly Outcome[];
  /** Endpoints that stay in the place of the rejected items (promise 5). */
  readonly standIns: readonly DesiredEndpoint[];
}

/** How many items ended where; `keys` is the sum of the others. An item of a key with several counts by itself. */
export interface Counts {
  readonly keys: number;
  readonly ready: number;
  readonly notReady: number;
  readonly filtered: number;
  readonly ignored: number;
  readonly rejected: number;
  readonly duplicate: number;
}
