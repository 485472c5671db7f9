import type { Endpoints } from '../kube/resources.ts';
import type { OwnerReference } from '../kube/types.ts';
import { annotations, labels, managerName } from './labels.ts';
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
  const metadata = {
    namespace: wish.namespace,
    name: wish.name,
    labels: wishedLabels(wish),
    annotations: wishedAnnotations(existing, truncated),
    ownerReferences: wish.ownerReferences,
  };
  if (existing === undefined) {
    return {
      action: 'create',
      object: { apiVersion: 'v1', kind: 'Endpoints', metadata, subsets },
      truncated,
    };
  }
  const unchanged =
    sameSubsets(existing.subsets ?? [], subsets) &&
    sameRecord(existing.metadata.labels ?? {}, metadata.labels) &&
    sameRecord(existing.metadata.annotations ?? {}, metadata.annotations) &&
    sameOwners(existing.metadata.ownerReferences ?? [], wish.ownerReferences);
  if (unchanged) return { action: 'none' };
  const object = { ...existing, metadata: { ...existing.metadata, ...metadata }, subsets };
  return { action: 'update', object, truncated };
}

function wishedLabels({ serviceLabels, headless, etcdService }: EndpointsWish): Record<string, string> {
  return {
    ...serviceLabels,
    ...(headless ? { [labels.headless]: '' } : {}),
    [labels.etcdService]: etcdService,
    [labels.endpointsManagedBy]: managerName,
  };
}

/** Annotations of others stay; ours says whether addresses were left out. */
function wishedAnnotations(existing: Endpoints | undefined, truncated: boolean): Record<string, string> {
  const { [annotations.overCapacity]: _, ...others } = existing?.metadata.annotations ?? {};
  return truncated ? { ...others, [annotations.overCapacity]: 'truncated' } : others;
}

/** Whether two sets of labels or annotations are equal. */
export function sameRecord(
  a: Readonly<Record<string, string>>,
  b: Readonly<Record<string, string>>,
): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** Whether two lists name the same owners in the same roles, in whatever order. */
export function sameOwners(a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean {
  const roles = new Map(a.map((owner) => [owner.uid, owner.controller === true]));
  return a.length === b.length && b.every((owner) => roles.get(owner.uid) === (owner.controller === true));
}
