/**
 * Every right that the controller needs of Kubernetes, declared once. docs/rbac.yaml grants them, `doctor` asks for each, and tests take each
 * away in turn.
 */

/** A rule of RBAC. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  /** Absent: all objects of the resource. */
  readonly resourceNames?: readonly string[];
}

const published = ['list', 'watch', 'get', 'create', 'update', 'delete'];

/** All that it does in a namespace which it serves. */
export const serviceRights: readonly Rule[] = [
  { apiGroups: ['etcd-endpoints.io'], resources: ['etcdservices'], verbs: ['list', 'watch'] },
  { apiGroups: ['etcd-endpoints.io'], resources: ['etcdservices/status'], verbs: ['update'] },
  { apiGroups: [''], resources: ['services'], verbs: ['list', 'watch', 'get', 'create', 'patch'] },
  { apiGroups: [''], resources: ['endpoints'], verbs: published },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: published },
];

/** What it does besides in the namespace that it runs in. */
export const ownNamespaceRights: readonly Rule[] = [
  { apiGroups: [''], resources: ['namespaces'], verbs: ['get'] },
  { apiGroups: [''], resources: ['events'], verbs: ['create', 'patch'] },
  { apiGroups: [''], resources: ['secrets'], verbs: ['list', 'watch', 'get'] },
];

/** What it does in the whole cluster for EtcdRegistries and the ranges of Services. */
export const registryRights: readonly Rule[] = [
  { apiGroups: ['etcd-endpoints.io'], resources: ['etcdregistries'], verbs: ['list', 'watch'] },
  { apiGroups: ['etcd-endpoints.io'], resources: ['etcdregistries/status'], verbs: ['update'] },
  { apiGroups: ['networking.k8s.io'], resources: ['servicecidrs'], verbs: ['list', 'watch'] },
  { apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] },
];

/** What it does in the whole cluster for EtcdCatalogs. */
export const catalogRights: readonly Rule[] = [
  { apiGroups: ['etcd-endpoints.io'], resources: ['etcdcatalogs'], verbs: ['list', 'watch', 'get'] },
  { apiGroups: ['etcd-endpoints.io'], resources: ['etcdcatalogs/status'], verbs: ['update'] },
  { apiGroups: ['etcd-endpoints.io'], resources: ['etcdservices'], verbs: ['create', 'update', 'delete'] },
  {
    apiGroups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions'],
    resourceNames: ['etcdcatalogs.etcd-endpoints.io'],
    verbs: ['get'],
  },
  { apiGroups: [''], resources: ['namespaces'], verbs: ['list', 'watch'] },
];

/** What it does in the whole cluster to name Nodes (`--node-names`). */
export const nodeRights: readonly Rule[] = [
  { apiGroups: [''], resources: ['nodes'], verbs: ['list', 'watch'] },
];

/** What it does in its own namespace to be elected by the Lease of that name (`--leader-elect=kubernetes`). */
export function leaseRights(lease: string): readonly Rule[] {
  return [
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      resourceNames: [lease],
      verbs: ['get', 'update'],
    },
    { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['create'] },
  ];
}
