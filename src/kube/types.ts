/**
 * The words that the Kubernetes side hands to the rest. Objects are plain JSON as the apiserver sends them; client-node's types
 * describe them, its (de)serialisers are not used (kubernetes.md 4.10).
 */

export interface OwnerReference {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
  readonly blockOwnerDeletion?: boolean;
}

export interface ObjectMeta {
  readonly name: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly generation?: number;
  readonly creationTimestamp?: string;
  readonly deletionTimestamp?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly OwnerReference[];
}

/** Any object of the API. Never mutated: a change is a new object. */
export interface KubeObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: ObjectMeta;
}

/** A kind and where it is served. */
export interface Resource<T extends KubeObject = KubeObject> {
  /** `''` for the core group. */
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly kind: string;
  readonly namespaced: boolean;
  /** Carries the type only; never set. */
  readonly __object?: T;
}

/** `namespace/name`, or the bare name of a cluster-scoped object: the key of caches and queues. */
export type ObjectKey = string;

export interface ListOptions {
  /** One namespace; absent: all. */
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Everything that changes Kubernetes: the seam that later gates writes by the term. Each call has its own deadline. */
export interface KubeWriter {
  create<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>;
  /** Replaces the object; its metadata.resourceVersion must be the cached one. */
  update<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>;
  updateStatus<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T>;
  /** Server-side apply with our field manager; `force` takes over conflicting fields. */
  apply<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    options: { readonly force: boolean },
  ): Promise<T>;
  /** Merge patch, for the few fields of objects that are not ours. */
  mergePatch<T extends KubeObject>(resource: Resource<T>, target: ObjectMeta, patch: object): Promise<T>;
  /** Deletes that very object: the uid is a precondition. An object that is gone already is no error. */
  delete(resource: Resource, target: ObjectMeta): Promise<void>;
}

export interface KubeReader {
  get<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string): Promise<T | undefined>;
  /** The whole list, read in pages. */
  list<T extends KubeObject>(resource: Resource<T>, options: ListOptions): Promise<readonly T[]>;
  /** Whether the apiserver serves the resource (discovery). */
  serves(resource: Resource): Promise<boolean>;
}

/** Current objects of one resource, kept by list and watch. `T` is what the cache keeps of an object. */
export interface Cache<T extends KubeObject> {
  readonly synced: boolean;
  get(key: ObjectKey): T | undefined;
  list(): Iterable<T>;
  /** A listener gets the object before and after; both stay unchanged for ever. Returns a function that ends it. */
  onChange(listener: (before: T | undefined, after: T | undefined) => void): () => void;
}

export function objectKey(meta: { readonly namespace?: string; readonly name: string }): ObjectKey {
  return meta.namespace === undefined ? meta.name : `${meta.namespace}/${meta.name}`;
}
