/** Names that mark our objects in Kubernetes (design: field manager and managed-by value are `etcd-endpoints.io`). */

export const managerName = 'etcd-endpoints.io';

export const labels = {
  /** On everything that we write: the EtcdService that it belongs to. Caches select by it. */
  etcdService: 'etcd-endpoints.io/etcdservice',
  /** On a Secret: the EtcdRegistry that may use it. */
  registry: 'etcd-endpoints.io/registry',
  /** Who fills an Endpoints object; the label that Kubernetes 1.33 introduced for its own. */
  endpointsManagedBy: 'endpoints.kubernetes.io/managed-by',
  /** Who fills an EndpointSlice: Kubernetes's own controllers leave alone those of others. */
  sliceManagedBy: 'endpointslice.kubernetes.io/managed-by',
  /** The Service that an EndpointSlice belongs to: what kube-proxy and every other reader finds it by. */
  serviceName: 'kubernetes.io/service-name',
  /** `true` on Endpoints that Kubernetes shall not mirror into EndpointSlices, because ours stand beside them. */
  skipMirror: 'endpointslice.kubernetes.io/skip-mirror',
  /** Who made a Service. */
  serviceManagedBy: 'app.kubernetes.io/managed-by',
  /** Set on Endpoints and slices of headless Services, as Kubernetes's own controllers do. */
  headless: 'service.kubernetes.io/headless',
} as const;

export const annotations = {
  /** Endpoints hold more addresses than Kubernetes allows in one object; the rest is left out. */
  overCapacity: 'endpoints.kubernetes.io/over-capacity',
  /** Names of the labels that were copied from the Service: those that it loses go from its Endpoints too. */
  copiedLabels: 'etcd-endpoints.io/copied-labels',
  /** On a slice: names of the labels that its instances' metadata gave it. Every endpoint of the slice has them. */
  instanceLabels: 'etcd-endpoints.io/instance-labels',
  /** On a slice: weights of its endpoints, as a JSON object by address. */
  weights: 'etcd-endpoints.io/weights',
  /** RFC 3339: until when the draining endpoints of the object stay; the latest of them. Lets the next leader keep the deadlines. */
  drainingUntil: 'etcd-endpoints.io/draining-until',
  /** What an adopted object held before, as JSON, cut where it would be too long. */
  adoptedFrom: 'etcd-endpoints.io/adopted-from',
  /** On a Service that stood before and was adopted: its spec stays its maker's. */
  adopted: 'etcd-endpoints.io/adopted',
  /** On an EtcdService, set by people: the id of the hold that it is released from. */
  releaseHold: 'etcd-endpoints.io/release-hold',
  /** Hash of what we last applied to a Service: tells a changed wish from fields of others. */
  applied: 'etcd-endpoints.io/applied',
} as const;

/** Labels that say something of the object itself. */
const ofItself: readonly string[] = [
  labels.etcdService,
  labels.endpointsManagedBy,
  labels.headless,
  labels.skipMirror,
  labels.sliceManagedBy,
  labels.serviceName,
];

/** The label by which Argo CD tracks what it has applied, unless told of another. */
const instanceLabel = 'app.kubernetes.io/instance';

/**
 * Domains of labels by which tools that apply from Git find what they have applied: Argo CD, Flux, `kubectl apply --applyset`, kapp, and Rancher's
 * Fleet. On a copy they would count it as theirs, and prune it since it is not in Git.
 */
const ofTrackers: readonly string[] = [
  'argocd.argoproj.io',
  'toolkit.fluxcd.io',
  'applyset.kubernetes.io',
  'kapp.k14s.io',
  'objectset.rio.cattle.io',
];

/** Whether a label of a Service is copied to its Endpoints and EndpointSlices, as Kubernetes's own controllers copy all. */
export function isCopied(name: string): boolean {
  const [domain = ''] = name.split('/', 1);
  return !(
    ofItself.includes(name) ||
    name === instanceLabel ||
    ofTrackers.some((tracker) => domain === tracker || domain.endsWith(`.${tracker}`))
  );
}
