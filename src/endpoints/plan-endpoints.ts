import type { Endpoints } from '../kube/resources.ts';
import type { OwnerReference } from '../kube/types.ts';
import { deadlineOf, latestDeadline } from './deadline.ts';
import { annotations, labels, managerName } from './labels.ts';
import { hasMarks, marksOf } from './marks.ts';
import { fromSubsets, sameSubsets, toSubsets } from './subsets.ts';
import type { DesiredEndpoint } from './types.ts';

export interface EndpointsWish {
  readonly namespace: string;
  /** The Service's name, which the Endpoints share. */
  readonly name: string;
  /** The EtcdService that the Endpoints belong to. */
  readonly etcdService: string;
  /** Labels of the Service, copied as Kubernetes's own controller does. */
  readonly serviceLabels: Readonly<Record<string, string>>;
  readonly headless: boolean;
  /** An endpoint that is not ready is listed among the ready ones, as Kubernetes's own controller does; a draining one is not. */
  readonly publishNotReadyAddresses: boolean;
  /** Kubernetes shall not mirror the Endpoints: slices of ours stand beside them. */
  readonly skipMirror: boolean;
  /** Empty with `deletionPolicy: Retain`. */
  readonly ownerReferences: readonly OwnerReference[];
  readonly endpoints: readonly DesiredEndpoint[];
}

export type EndpointsPlan =
  | { readonly action: 'none' }
  | { readonly action: 'create' | 'update'; readonly object: Endpoints; readonly truncated: boolean };

/** The fewest writes that make the Endpoints what they should be: none where they mean the same already. */
export function planEndpoints(wish: EndpointsWish, existing: Endpoints | undefined): EndpointsPlan {
  const { subsets, truncated } = toSubsets(wish.endpoints.map((endpoint) => listed(endpoint, wish)));
  const { namespace, name, ownerReferences } = wish;
  const marks = marksOf(
    {
      serviceLabels: wish.serviceLabels,
      headless: wish.headless,
      labels: {
        [labels.etcdService]: wish.etcdService,
        [labels.endpointsManagedBy]: managerName,
        [labels.skipMirror]: wish.skipMirror ? 'true' : undefined,
      },
      annotations: {
        [annotations.overCapacity]: truncated ? 'truncated' : undefined,
        [annotations.drainingUntil]: latestDeadline(wish.endpoints),
      },
    },
    existing?.metadata,
  );
  const metadata = { namespace, name, ...marks, ownerReferences };
  if (existing === undefined) {
    return {
      action: 'create',
      object: { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets },
      truncated,
    };
  }
  const unchanged =
    sameSubsets(existing.subsets ?? [], subsets) && hasMarks(existing.metadata, marks, ownerReferences);
  if (unchanged) {
    return { action: 'none' };
  }
  const object = { ...existing, metadata: { ...existing.metadata, ...metadata }, subsets };
  return { action: 'update', object, truncated };
}

/** How an endpoint is listed: its hostname is for headless Services, whose DNS makes records of it. */
function listed(
  endpoint: DesiredEndpoint,
  { publishNotReadyAddresses, headless }: EndpointsWish,
): DesiredEndpoint {
  const { hostname, ...nameless } = endpoint;
  const ready = endpoint.ready || (publishNotReadyAddresses && endpoint.drainUntil === undefined);
  return { ...(headless ? endpoint : nameless), ready };
}

/**
 * What Endpoints hold. They do not tell draining endpoints from others that are not ready: all of them count as draining while a deadline stands
 * there, which a reconcile corrects for those that are registered.
 */
export function fromEndpoints({ metadata, subsets }: Endpoints): DesiredEndpoint[] {
  const drainUntil = deadlineOf(metadata);
  const found = fromSubsets(subsets ?? []);
  return drainUntil === undefined
    ? found
    : found.map((endpoint) => (endpoint.ready ? endpoint : { ...endpoint, drainUntil }));
}
