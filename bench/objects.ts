/** The objects and keys that a bench is made of: so many services with so many instances each. */

export const prefix = '/bench/';
/** Where Services and EtcdServices are. */
export const namespace = 'bench';
/** Where the raw programs write. */
export const rawNamespace = 'raw';
/** Where the raw program writes that makes the calls of a cold sync. */
export const callsNamespace = 'calls';
/** Where the least of all controllers writes, and what it follows. */
export const mirrorNamespace = 'mirror';
export const mirrorPrefix = '/mirror/';

const etcdServices = '/apis/etcd-endpoints.io/v1alpha1';

/** Path of a collection in a namespace. */
export function collection(plural: keyof typeof groups, inNamespace = namespace): string {
  return `${groups[plural]}/namespaces/${inNamespace}/${plural}`;
}

const groups = {
  services: '/api/v1',
  endpoints: '/api/v1',
  pods: '/api/v1',
  events: '/api/v1',
  endpointslices: '/apis/discovery.k8s.io/v1',
  etcdservices: etcdServices,
} as const;

export function serviceName(index: number): string {
  return `s-${String(index).padStart(5, '0')}`;
}

export function keyOfInstance(service: string, instance: number, below = prefix): string {
  return `${below}${service}/i-${String(instance).padStart(4, '0')}`;
}

/** Addresses of their own: those that services have at first (4 million, of RFC 6598), and those that they change to (131 072, of RFC 2544). */
export function address(range: 'first' | 'changed', index: number): string {
  const [high, low] = [Math.floor(index / 65_536), index % 65_536];
  const [first, second] = range === 'first' ? [100, 64 + high] : [198, 18 + (high % 2)];
  return `${first}.${second}.${Math.floor(low / 256)}.${low % 256}`;
}

/** `more` is added to its spec. */
export function serviceFor(name: string, more: object = {}): object {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace },
    spec: { ports: [{ port: 80 }], ...more },
  };
}

export function etcdServiceFor(name: string): object {
  return {
    apiVersion: 'etcd-endpoints.io/v1alpha1',
    kind: 'EtcdService',
    metadata: { name, namespace },
    spec: { prefix: `${prefix}${name}`, ports: [{ port: 80 }] },
  };
}

/**
 * What the controller writes of each object beside its content, with other names, so that it does not take them for its own. Servers take longer for it: to replace a
 * slice that has an owner takes a sixth longer than to replace one without.
 */
function metadataFor(inNamespace: string, name: string, marks: Marks): object {
  const owner = { apiVersion: 'etcd-endpoints.io/v1alpha1', kind: 'EtcdService', name, uid: uidOf(name) };
  return {
    name,
    namespace: inNamespace,
    ...marks,
    labels: { ...marks.labels, 'etcd-endpoints.io/bench': name },
    ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: false }],
  };
}

interface Marks {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** As long as those of the apiserver, and another one for each name. */
function uidOf(name: string): string {
  return `00000000-0000-4000-8000-${name.slice(2).padStart(12, '0')}`;
}

/** What the controller copies from the metadata of a Service of its own to what it makes for it. */
export const copied = {
  labels: { 'app.kubernetes.io/managed-by': 'bench' },
  annotations: { 'etcd-endpoints.io/bench-labels': 'app.kubernetes.io/managed-by' },
} as const;

/** The Service that the controller makes, with all that it writes. */
export function ownServiceFor(inNamespace: string, name: string): object {
  const annotations = { 'etcd-endpoints.io/bench-applied': '0123456789abcdef' };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataFor(inNamespace, name, { ...copied, annotations }),
    spec: { ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }] },
  };
}

/** The slice that the controller makes, with all that it writes; `marks` are those that it copies from the Service. */
export function sliceFor(
  inNamespace: string,
  name: string,
  addresses: readonly string[],
  marks: Marks = { labels: {} },
): object {
  const labels = {
    ...marks.labels,
    'kubernetes.io/service-name': name,
    'endpointslice.kubernetes.io/managed-by': 'bench',
  };
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: metadataFor(inNamespace, name, { ...marks, labels }),
    addressType: 'IPv4',
    ports: [{ name: '', port: 80, protocol: 'TCP' }],
    endpoints: addresses.map((ip) => ({
      addresses: [ip],
      conditions: { ready: true, serving: true, terminating: false },
    })),
  };
}

/** The Endpoints that the controller makes, with all that it writes. */
export function endpointsFor(inNamespace: string, name: string, addresses: readonly string[]): object {
  const labels = {
    ...copied.labels,
    'endpoints.kubernetes.io/managed-by': 'bench',
    'endpointslice.kubernetes.io/skip-mirror': 'true',
  };
  return {
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: metadataFor(inNamespace, name, { ...copied, labels }),
    subsets: [{ addresses: addresses.map((ip) => ({ ip })), ports: [{ port: 80, protocol: 'TCP' }] }],
  };
}
