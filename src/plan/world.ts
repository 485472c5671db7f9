import { type EtcdRegistry, etcdRegistryResource } from '../api/etcd-registry.ts';
import { type EtcdService, etcdServiceResource } from '../api/etcd-service.ts';
import { parseRegistrySpec } from '../api/parse.ts';
import type { PlanConfig } from '../config/plan-options.ts';
import { labels, managerName } from '../endpoints/labels.ts';
import { hasCode, messageOf, TerminalError } from '../errors.ts';
import {
  ENDPOINT_SLICES,
  ENDPOINTS,
  type EndpointSlice,
  type Endpoints,
  NAMESPACES,
  type Namespace,
  NODES,
  type Node,
  SECRETS,
  SERVICE_CIDRS,
  SERVICES,
  type Secret,
  type Service,
  type ServiceCidr,
} from '../kube/resources.ts';
import {
  type KubeObject,
  type KubeReader,
  type ListOptions,
  objectKey,
  type Resource,
} from '../kube/types.ts';
import { needsLabels } from '../registries/grants.ts';
import type { FilesReader } from './files-reader.ts';

/** What a controller would know when it starts: all that decides, read once. */
export interface World {
  /** Those that are planned, in the order of their names. */
  readonly planned: readonly EtcdService[];
  /** All that may claim the same Services. */
  readonly etcdServices: readonly EtcdService[];
  readonly services: readonly Service[];
  /** With our label. */
  readonly endpoints: readonly Endpoints[];
  /** With our labels. */
  readonly slices: readonly EndpointSlice[];
  /** Those that the planned name. */
  readonly registries: readonly EtcdRegistry[];
  /** Those of the planned, where a grant is by labels. */
  readonly namespaces: readonly Namespace[];
  readonly serviceCidrs: readonly ServiceCidr[];
  readonly nodes: readonly Node[];
  readonly secret: (name: string) => Promise<Secret | undefined>;
  /** What could not be read, though it may not be needed. */
  readonly notes: readonly string[];
}

export interface WorldSources {
  readonly files: FilesReader;
  /** The cluster; undefined where nothing but the files is asked. */
  readonly cluster: KubeReader | undefined;
  readonly ownNamespace: string;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

/** Reads what stands. Rejects where what is needed cannot be read. */
export async function readWorld(config: PlanConfig, sources: WorldSources): Promise<World> {
  const { files, cluster, ownNamespace } = sources;
  const reader = cluster ?? files;
  const fromFiles = await files.list(etcdServiceResource, {});
  const scopes = scopesOf(config, fromFiles);
  const all = <T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions = {},
  ): Promise<readonly T[]> => listAll(reader, resource, scopes, options);
  const standing = await all(etcdServiceResource);
  const etcdServices = config.files.length === 0 ? standing : overlay(standing, fromFiles, sources.now);
  const isPlanned = plannedOf(config, new Set(fromFiles.map(({ metadata }) => objectKey(metadata))));
  const planned = etcdServices.filter(isPlanned).sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  if (planned.length === 0) {
    throw new TerminalError('NOTHING_TO_PLAN', nothingToPlan(config));
  }
  const notes: string[] = [];
  const registries = await registriesOf(planned, files, cluster);
  const isServed = await reader.serves(ENDPOINT_SLICES);
  const serviceCidrs = await cidrsOf(reader, notes);
  const knowsRanges = config.serviceCidrs.length > 0 || serviceCidrs.length > 0;
  const [services, endpoints, slices, namespaces, nodes] = await Promise.all([
    servicesOf(
      await standingServices(reader, knowsRanges ? scopes : [{}], scopes, notes),
      await files.list(SERVICES, {}),
    ),
    all(ENDPOINTS, { labelSelector: labels.etcdService }),
    isServed
      ? all(ENDPOINT_SLICES, {
          labelSelector: `${labels.etcdService},${labels.sliceManagedBy}=${managerName}`,
        })
      : [],
    namespacesOf(planned, registries, reader),
    config.nodeNames ? reader.list(NODES, {}) : [],
  ]);
  const secret = async (name: string): Promise<Secret | undefined> =>
    (await files.get(SECRETS, name, ownNamespace)) ?? (await cluster?.get(SECRETS, name, ownNamespace));
  return {
    planned,
    etcdServices,
    services,
    endpoints,
    slices,
    registries,
    namespaces,
    serviceCidrs,
    nodes,
    secret,
    notes,
  };
}

/** The namespaces that are looked at; one without a name is all of them. */
function scopesOf(
  { files, namespace }: PlanConfig,
  fromFiles: readonly EtcdService[],
): readonly ListOptions[] {
  if (files.length === 0) {
    return [namespace === undefined ? {} : { namespace }];
  }
  const named = new Set(fromFiles.flatMap(({ metadata }) => metadata.namespace ?? []));
  return [...named].map((name) => ({ namespace: name }));
}

async function listAll<T extends KubeObject>(
  reader: KubeReader,
  resource: Resource<T>,
  scopes: readonly ListOptions[],
  options: ListOptions,
): Promise<readonly T[]> {
  const lists = await Promise.all(scopes.map((scope) => reader.list(resource, { ...scope, ...options })));
  return lists.flat();
}

function plannedOf(
  { files, name, namespace }: PlanConfig,
  inFiles: ReadonlySet<string>,
): (object: EtcdService) => boolean {
  return ({ metadata }) =>
    metadata.deletionTimestamp === undefined &&
    (files.length === 0 || inFiles.has(objectKey(metadata))) &&
    (name === undefined || metadata.name === name) &&
    (namespace === undefined || metadata.namespace === namespace);
}

function nothingToPlan({ files, name, namespace }: PlanConfig): string {
  const where = files.length === 0 ? 'in the cluster' : 'in the files';
  const what = name === undefined ? 'no EtcdService' : `no EtcdService ${name}`;
  return `There is ${what} ${where}${namespace === undefined ? '' : `, namespace ${namespace}`}`;
}

/** What stands once the files have been applied: an EtcdService that stands keeps its identity and its status, a new one is the youngest. */
function overlay(
  standing: readonly EtcdService[],
  fromFiles: readonly EtcdService[],
  now: number,
): readonly EtcdService[] {
  const byKey = new Map(standing.map((object) => [nameOf(object), object]));
  for (const object of fromFiles) {
    const live = byKey.get(nameOf(object));
    const isNew = live === undefined || live === object;
    const { status: _, ...written } = object;
    const metadata = isNew
      ? { ...object.metadata, uid: newUid, creationTimestamp: new Date(now).toISOString() }
      : { ...live.metadata, annotations: { ...live.metadata.annotations, ...object.metadata.annotations } };
    byKey.set(nameOf(object), {
      ...written,
      metadata,
      ...(live?.status !== undefined && !isNew && { status: live.status }),
    });
  }
  return [...byKey.values()];
}

/** Stands for the uid that the apiserver will choose. */
const newUid = '00000000-0000-0000-0000-000000000000';

/**
 * The Services of `wanted`; where those may not be read, of `least`. The ranges of Services tell which addresses are refused; without them, it is
 * the addresses of all Services.
 */
async function standingServices(
  reader: KubeReader,
  wanted: readonly ListOptions[],
  least: readonly ListOptions[],
  notes: string[],
): Promise<readonly Service[]> {
  try {
    return await listAll(reader, SERVICES, wanted, {});
  } catch (error) {
    if (wanted === least || !hasCode(error, 'KUBE_FORBIDDEN')) {
      throw error;
    }
    notes.push(
      `The Services of other namespaces are not known, so that no address is refused for them; name the ranges of Services by --service-cidr: ${messageOf(error)}`,
    );
    return await listAll(reader, SERVICES, least, {});
  }
}

/** A Service of the files stands as if it were applied, where the cluster has none of its name. */
function servicesOf(standing: readonly Service[], fromFiles: readonly Service[]): readonly Service[] {
  const known = new Set(standing.map(nameOf));
  return [...standing, ...fromFiles.filter((service) => !known.has(nameOf(service)))];
}

async function registriesOf(
  planned: readonly EtcdService[],
  files: FilesReader,
  cluster: KubeReader | undefined,
): Promise<readonly EtcdRegistry[]> {
  const names = new Set(planned.flatMap((object) => registryRefOf(object) ?? []));
  const found = await Promise.all(
    [...names].map(
      async (name) =>
        (await files.get(etcdRegistryResource, name)) ?? (await cluster?.get(etcdRegistryResource, name)),
    ),
  );
  return found.filter((object) => object !== undefined);
}

/** Readable also where the spec is not valid. */
function registryRefOf({ spec }: EtcdService): string | undefined {
  const name = (spec as { registryRef?: { name?: unknown } } | undefined)?.registryRef?.name;
  return typeof name === 'string' ? name : undefined;
}

async function namespacesOf(
  planned: readonly EtcdService[],
  registries: readonly EtcdRegistry[],
  reader: KubeReader,
): Promise<readonly Namespace[]> {
  const isNeeded = registries.some((object) => {
    const parsed = parseRegistrySpec(object);
    return 'ok' in parsed && needsLabels(parsed.ok.grants);
  });
  const names = isNeeded ? new Set(planned.flatMap(({ metadata }) => metadata.namespace ?? [])) : [];
  const found = await Promise.all(Array.from(names, (name) => reader.get(NAMESPACES, name)));
  return found.filter((object) => object !== undefined);
}

/** Not every cluster has them, and not everybody may read them: the controller does without, too. */
async function cidrsOf(reader: KubeReader, notes: string[]): Promise<readonly ServiceCidr[]> {
  try {
    return (await reader.serves(SERVICE_CIDRS)) ? await reader.list(SERVICE_CIDRS, {}) : [];
  } catch (error) {
    notes.push(
      `The ranges of Services are not known, so that no address is refused for them: ${messageOf(error)}`,
    );
    return [];
  }
}

function nameOf({ metadata }: KubeObject): string {
  return objectKey(metadata);
}
