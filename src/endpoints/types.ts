/** What the pure middle speaks: desired endpoints, between registrations and Kubernetes objects. */

/** A port of the Service that endpoints are published for. */
export interface ServicePort {
  /** `''` where the Service has a single unnamed port. */
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly appProtocol?: string;
  /** As in a Service: a number is always this; a name is the registration's port or URL scheme of that name; absent is its only port. */
  readonly targetPort?: number | string;
  /** Port where the registration names none. */
  readonly defaultTargetPort?: number;
}

export interface EndpointPort {
  readonly name: string;
  readonly port: number;
  readonly protocol: 'TCP' | 'UDP' | 'SCTP';
  readonly appProtocol?: string;
}

/** One address with the ports that it is published for. */
export interface DesiredEndpoint {
  readonly address: string;
  /** In the order of the Service's ports. */
  readonly ports: readonly EndpointPort[];
  readonly ready: boolean;
}

/** How many items ended where; `keys` is the sum of the others (design, status). */
export interface Counts {
  readonly keys: number;
  readonly ready: number;
  readonly notReady: number;
  readonly filtered: number;
  readonly ignored: number;
  readonly rejected: number;
  readonly duplicate: number;
}
