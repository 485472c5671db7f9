import { etcdCatalogResource } from '../api/etcd-catalog.ts';
import { etcdRegistryResource } from '../api/etcd-registry.ts';
import { etcdServiceResource } from '../api/etcd-service.ts';
import { TerminalError } from '../errors.ts';
import { ENDPOINT_SLICES, ENDPOINTS, NAMESPACES, SECRETS, SERVICES, type Secret } from '../kube/resources.ts';
import {
  type KubeObject,
  type KubeReader,
  type ListOptions,
  objectKey,
  type Resource,
} from '../kube/types.ts';

/** What `plan` reads of files; other objects, such as a Deployment beside an EtcdService, are passed over. */
const resources: readonly Resource[] = [
  etcdServiceResource,
  etcdRegistryResource,
  etcdCatalogResource,
  SERVICES,
  ENDPOINTS,
  ENDPOINT_SLICES,
  NAMESPACES,
  SECRETS,
];

/** The objects of files, asked for as those of an apiserver are. */
export class FilesReader implements KubeReader {
  readonly #byPlural = new Map<string, Map<string, KubeObject>>();

  /** Objects that name no namespace are in `defaultNamespace`. Throws where an object stands twice, or is one of ours in a version that there is not. */
  constructor(objects: Iterable<KubeObject>, defaultNamespace: string) {
    for (const object of objects) {
      const resource = resourceOf(object);
      if (resource !== undefined) {
        this.#put(resource, resource.namespaced ? inNamespace(object, defaultNamespace) : object);
      }
    }
  }

  async get<T extends KubeObject>(
    resource: Resource<T>,
    name: string,
    namespace?: string,
  ): Promise<T | undefined> {
    const key = objectKey(namespace === undefined ? { name } : { name, namespace });
    return this.#byPlural.get(resource.plural)?.get(key) as T | undefined;
  }

  async list<T extends KubeObject>(
    resource: Resource<T>,
    { namespace, labelSelector = '' }: ListOptions,
  ): Promise<readonly T[]> {
    const all = [...(this.#byPlural.get(resource.plural)?.values() ?? [])] as T[];
    return all.filter(
      ({ metadata }) =>
        (namespace === undefined || metadata.namespace === namespace) &&
        selects(labelSelector, metadata.labels ?? {}),
    );
  }

  async serves(): Promise<boolean> {
    return true;
  }

  #put(resource: Resource, object: KubeObject): void {
    const known = this.#byPlural.get(resource.plural) ?? new Map<string, KubeObject>();
    const key = objectKey(object.metadata);
    if (known.has(key)) {
      throw new TerminalError('INVALID_MANIFEST', `${resource.kind} ${key} stands twice in the files`, {
        subject: key,
      });
    }
    known.set(key, resource === SECRETS ? withData(object) : object);
    this.#byPlural.set(resource.plural, known);
  }
}

function resourceOf({ apiVersion, kind, metadata }: KubeObject): Resource | undefined {
  const resource = resources.find((other) => other.kind === kind && apiVersion === versionOf(other));
  if (resource === undefined && apiVersion.startsWith(`${etcdServiceResource.group}/`)) {
    throw new TerminalError(
      'INVALID_MANIFEST',
      `${kind} ${metadata.name}: there is no ${kind} of ${apiVersion}`,
      {
        subject: metadata.name,
      },
    );
  }
  return resource;
}

function versionOf({ group, version }: Resource): string {
  return group === '' ? version : `${group}/${version}`;
}

function inNamespace(object: KubeObject, namespace: string): KubeObject {
  return { ...object, metadata: { namespace, ...object.metadata } };
}

/** What is written in the clear counts as the apiserver would store it. */
function withData(object: KubeObject): Secret {
  const { data, stringData = {} } = object as Secret & { stringData?: Readonly<Record<string, string>> };
  const encoded = Object.entries(stringData).map(([key, text]) => [
    key,
    Buffer.from(text).toString('base64'),
  ]);
  return { ...object, data: { ...data, ...Object.fromEntries(encoded) } };
}

/** The forms of a selector that the controller asks with: `name` and `name=value`. */
function selects(labelSelector: string, labels: Readonly<Record<string, string>>): boolean {
  return labelSelector
    .split(',')
    .filter((part) => part !== '')
    .every((part) => {
      const [name = '', value] = part.split('=');
      return value === undefined ? name in labels : labels[name] === value;
    });
}
