import { createHash } from 'node:crypto';
import type { Service, ServiceSpec, ServiceSpecPort } from '../kube/resources.ts';
import type { OwnerReference } from '../kube/types.ts';
import { annotations, labels, managerName } from './labels.ts';
import type { AddressFamily } from './pack/types.ts';
import type { ServicePort } from './types.ts';

export type IpFamilyPolicy = NonNullable<ServiceSpec['ipFamilyPolicy']>;

export interface ServiceWish {
  readonly namespace: string;
  readonly name: string;
  /** The EtcdService that the Service belongs to. */
  readonly etcdService: string;
  readonly headless: boolean;
  readonly ports: readonly ServicePort[];
  readonly ipFamilyPolicy?: IpFamilyPolicy;
  /** The first one first. */
  readonly ipFamilies?: readonly AddressFamily[];
  readonly trafficDistribution?: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** Empty with `deletionPolicy: Retain`. */
  readonly ownerReferences: readonly OwnerReference[];
  /** The Service stood before: it is marked, but neither owned nor is its spec other than its maker wrote it. */
  readonly isAdopted: boolean;
}

/** The Service to apply, or none where the existing one says all of it already. */
export function planService(wish: ServiceWish, existing: Service | undefined): Service | undefined {
  const wanted = wishedService(wish);
  return existing !== undefined && says(existing, wanted) ? undefined : wanted;
}

/** The Service that is applied, whatever stands. */
export function wishedService(wish: ServiceWish): Service {
  const mark = { [labels.etcdService]: wish.etcdService };
  const made = { ...wish.labels, ...mark, [labels.serviceManagedBy]: managerName };
  const metadata = {
    namespace: wish.namespace,
    name: wish.name,
    labels: wish.isAdopted ? mark : made,
    annotations: wish.isAdopted ? { [annotations.adopted]: 'true' } : wish.annotations,
    // What somebody else made does not go with us.
    ownerReferences: wish.isAdopted ? [] : wish.ownerReferences,
  };
  const spec = wish.isAdopted ? {} : { spec: wishedSpec(wish) };
  const applied = hash({ metadata, ...spec });
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...metadata, annotations: { ...metadata.annotations, [annotations.applied]: applied } },
    ...spec,
  };
}

/** The spec of a Service that we make. */
export function wishedSpec(wish: ServiceWish): ServiceSpec {
  const { headless, ports, ipFamilyPolicy, ipFamilies, trafficDistribution } = wish;
  return {
    type: 'ClusterIP',
    ...(headless ? { clusterIP: 'None' } : {}),
    ...(ports.length > 0 ? { ports: ports.map(toKubePort) } : {}),
    ...(ipFamilyPolicy === undefined ? {} : { ipFamilyPolicy }),
    ...(ipFamilies === undefined ? {} : { ipFamilies }),
    ...(trafficDistribution === undefined ? {} : { trafficDistribution }),
  };
}

function toKubePort({ name, port, protocol, appProtocol, targetPort }: ServicePort): ServiceSpecPort {
  return {
    // Also where it is empty: a name that somebody gives the port must be ours to take away.
    name,
    port,
    protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
    // A Service without selector never resolves target ports; a number is shown for those who read the Service.
    ...(typeof targetPort === 'number' ? { targetPort } : {}),
  };
}

/** A short hash of what is applied: it changes with a removed label or port too, which comparing fields alone cannot see. */
function hash(value: unknown): string {
  return createHash('sha256').update(JSON.stringify(value)).digest('hex').slice(0, 16);
}

/** Whether every field that we set stands in the existing Service; fields of others, and defaults, do not count. */
function says(existing: Service, { metadata, spec }: Service): boolean {
  const { ports, ipFamilies, ipFamilyPolicy, trafficDistribution, ...fields } = spec ?? {};
  return (
    holds(existing.metadata.labels, metadata.labels) &&
    holds(existing.metadata.annotations, metadata.annotations) &&
    holdsOwners(existing.metadata.ownerReferences ?? [], metadata.ownerReferences ?? []) &&
    holds(existing.spec, fields) &&
    holdsUnlessDropped(existing.spec?.ipFamilyPolicy, ipFamilyPolicy) &&
    holdsUnlessDropped(existing.spec?.trafficDistribution, trafficDistribution) &&
    holdsFamilies(existing.spec?.ipFamilies, ipFamilies ?? []) &&
    holdsPorts(existing.spec?.ports ?? [], ports ?? [])
  );
}

function holds(existing: object = {}, wanted: object = {}): boolean {
  return Object.entries(wanted).every(
    ([name, value]) => (existing as Record<string, unknown>)[name] === value,
  );
}

/** A server that has a field switched off drops it at every write: absent is as good as said, and the hash tells of a new wish. */
function holdsUnlessDropped(existing: string | undefined, wanted: string | undefined): boolean {
  return existing === undefined || wanted === undefined || existing === wanted;
}

/** Kubernetes adds the second family to one that is asked for, where the policy lets it. */
function holdsFamilies(
  existing: readonly AddressFamily[] | undefined,
  wanted: readonly AddressFamily[],
): boolean {
  return existing === undefined || wanted.every((family, place) => existing[place] === family);
}

function holdsOwners(existing: readonly OwnerReference[], wanted: readonly OwnerReference[]): boolean {
  return wanted.every(({ uid, controller }) =>
    existing.some((owner) => owner.uid === uid && owner.controller === controller),
  );
}

/** Ports are told apart by number and protocol, as server-side apply does. */
function holdsPorts(existing: readonly ServiceSpecPort[], wanted: readonly ServiceSpecPort[]): boolean {
  const defaults = { name: '', protocol: 'TCP' };
  return wanted.every((port) => existing.some((other) => holds({ ...defaults, ...other }, port)));
}

/**
 * The ports of a Service that stands already, for an EtcdService that names none. Kubernetes fills an absent targetPort with the
 * Service's own port, so a number there cannot be told from a default: it serves where a registration names no port of its own.
 */
export function portsOf(service: Service): readonly ServicePort[] {
  return (service.spec?.ports ?? []).map(
    ({ name = '', port, protocol = 'TCP', appProtocol, targetPort }) => ({
      name,
      port,
      protocol,
      ...(appProtocol === undefined ? {} : { appProtocol }),
      ...(typeof targetPort === 'string' ? { targetPort } : {}),
      ...(typeof targetPort === 'number' ? { defaultTargetPort: targetPort } : {}),
    }),
  );
}

/** Whether a Service gives its clients the addresses themselves. */
export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None';
}
