import type { EndpointSlice } from '../../kube/resources.ts';
import type { OwnerReference } from '../../kube/types.ts';
import type { DesiredEndpoint } from '../types.ts';

export type AddressFamily = 'IPv4' | 'IPv6';

/** What the EndpointSlices of one Service should say. */
export interface SlicesWish {
  readonly namespace: string;
  /** The Service's name, which the names of its slices begin with. */
  readonly name: string;
  /** The EtcdService that the slices belong to. */
  readonly etcdService: string;
  /** Labels of the Service, copied as Kubernetes's own controller does. */
  readonly serviceLabels: Readonly<Record<string, string>>;
  /** Endpoints of a headless Service carry their hostnames. */
  readonly headless: boolean;
  /** Every endpoint says `ready`, also one that is not ready or drains. */
  readonly publishNotReadyAddresses: boolean;
  /** Route within zones, as far as every ready endpoint has one. */
  readonly zoneHints: boolean;
  /** Empty with `deletionPolicy: Retain`. */
  readonly ownerReferences: readonly OwnerReference[];
  /** An address with canonical text; one that stands twice with the same ports counts once. */
  readonly endpoints: readonly DesiredEndpoint[];
  /** The most endpoints of one slice: 1 to 1000. */
  readonly maxEndpoints: number;
  /** The Service's address families. Endpoints of another one are left out. */
  readonly families: readonly AddressFamily[];
  /** Names that slices on their way out still have: no new slice can have them. */
  readonly namesTaken?: readonly string[];
}

/**
 * The fewest writes, in the order in which they have to be made: creates, updates, deletes, each from first to last. In this order an
 * address that moves between slices is at no moment missing.
 */
export interface SlicesPlan {
  readonly creates: readonly EndpointSlice[];
  /** Existing slices with their metadata, resourceVersion included, and their new content. */
  readonly updates: readonly EndpointSlice[];
  /** Existing slices as they are. */
  readonly deletes: readonly EndpointSlice[];
}
