import type { Endpoints } from '../kube/resources.ts';
import type { OwnerReference } from '../kube/types.ts';
import { annotations, labels, managerName, neverCopied } from './labels.ts';
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
    ...marksOf(wish, existing, truncated),
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
  if (unchanged) {
    return { action: 'none' };
  }
  const object = { ...existing, metadata: { ...existing.metadata, ...metadata }, subsets };
  return { action: 'update', object, truncated };
}

interface Marks {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/**
 * Labels and annotations: ours, those of the Service, and what others have put there. An annotation names what was copied from the Service,
 * since a label that the Service has lost cannot be told from one of somebody else otherwise.
 */
function marksOf(wish: EndpointsWish, existing: Endpoints | undefined, truncated: boolean): Marks {
  const { labels: oldLabels = {}, annotations: oldNotes = {} } = existing?.metadata ?? {};
  const copied = Object.entries(wish.serviceLabels).filter(([name]) => !neverCopied.includes(name));
  const names = copied.map(([name]) => name).sort((a, b) => (a < b ? -1 : 1));
  const stale = [...(oldNotes[annotations.copiedLabels] ?? '').split(','), labels.headless];
  return {
    labels: {
      ...without(oldLabels, stale),
      ...Object.fromEntries(copied),
      ...(wish.headless ? { [labels.headless]: '' } : {}),
      [labels.etcdService]: wish.etcdService,
      [labels.endpointsManagedBy]: managerName,
    },
    annotations: {
      ...without(oldNotes, [annotations.copiedLabels, annotations.overCapacity]),
      ...(names.length > 0 ? { [annotations.copiedLabels]: names.join(',') } : {}),
      ...(truncated ? { [annotations.overCapacity]: 'truncated' } : {}),
    },
  };
}

function without(record: Readonly<Record<string, string>>, names: readonly string[]): Record<string, string> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => !names.includes(name)));
}

/** Whether two sets of labels or annotations are equal. */
function sameRecord(a: Readonly<Record<string, string>>, b: Readonly<Record<string, string>>): boolean {
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => a[key] === b[key]);
}

/** Whether two lists name the same owners in the same roles, in whatever order. */
function sameOwners(a: readonly OwnerReference[], b: readonly OwnerReference[]): boolean {
  const roles = new Map(a.map((owner) => [owner.uid, owner.controller === true]));
  return a.length === b.length && b.every((owner) => roles.get(owner.uid) === (owner.controller === true));
}
