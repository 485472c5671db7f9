import type { Endpoints } from '../kube/resources.ts';
import type { OwnerReference } from '../kube/types.ts';
import { annotations, labels, managerName } from './labels.ts';
import { hasMarks, marksOf } from './marks.ts';
import { sameSubsets, toSubsets } from './subsets.ts';
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
  /** Empty with `deletionPolicy: Retain`. */
  readonly ownerReferences: readonly OwnerReference[];
  readonly endpoints: readonly DesiredEndpoint[];
}

export type EndpointsPlan =
  | { readonly action: 'none' }
  | { readonly action: 'create' | 'update'; readonly object: Endpoints; readonly truncated: boolean };

/** The fewest writes that make the Endpoints what they should be: none where they mean the same already. */
export function planEndpoints(wish: EndpointsWish, existing: Endpoints | undefined): EndpointsPlan {
  const { subsets, truncated } = toSubsets(wish.endpoints);
  const { namespace, name, ownerReferences } = wish;
  const marks = marksOf(
    {
      serviceLabels: wish.serviceLabels,
      headless: wish.headless,
      labels: { [labels.etcdService]: wish.etcdService, [labels.endpointsManagedBy]: managerName },
      annotations: { [annotations.overCapacity]: truncated ? 'truncated' : undefined },
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
