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
  /** Who wrote which fields: in answers to writes; caches drop it. */
  readonly managedFields?: readonly { readonly manager?: string; readonly fieldsV1?: object }[];
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
  /**
   * Deletes that very object as it was read: uid and resourceVersion are preconditions. An object that is gone already is no error; one that
   * has changed since is a conflict.
   */
  delete(resource: Resource, target: ObjectMeta): Promise<void>;
}

export interface KubeReader {
  get<T extends KubeObject>(resource: Resource<T>, name: string, namespace?: string): Promise<T | undefined>;
  /** The whole list, read in pages. With `metadataOnly` the rest of the objects may be absent, which can be most of them. */
  list<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions & { readonly metadataOnly?: boolean },
  ): Promise<readonly T[]>;
  /** Whether the apiserver serves the resource (discovery). */
  serves(resource: Resource): Promise<boolean>;
}

/** Current objects of one resource, kept by list and watch. `T` is what the cache keeps of an object. */
export interface Cache<T extends KubeObject> {
  readonly synced: boolean;
  get(key: ObjectKey): T | undefined;
  list(): Iterable<T>;
  /**
   * A listener gets the object before and after; both stay unchanged for ever. `isMissed` tells that a list lacks the object, as opposed to a
   * watch that has seen it go. Returns a function that ends it.
   */
  onChange(listener: (before: T | undefined, after: T | undefined, isMissed?: boolean) => void): () => void;
}

/** A cache with its life: what the composition holds. */
export interface WatchedCache<T extends KubeObject> extends Cache<T> {
  /** Begins to list and watch. Listeners and indexes are added before, so that they see everything. */
  start(): void;
  /** Resolves once one complete list of every namespace has been applied; rejects when `signal` aborts or the cache is closed. */
  untilSynced(signal?: AbortSignal): Promise<void>;
  /** Why the objects cannot be listed or watched now; undefined while they are followed. */
  readonly problem: Error | undefined;
  /** The objects by values of their own, kept current: `valuesOf` names the values under which an object is found. */
  index(valuesOf: (object: T) => readonly string[]): CacheIndex<T>;
  /** Ends lists and watches; no listener is called afterwards. */
  close(): Promise<void>;
}

export interface CacheIndex<T extends KubeObject> {
  get(value: string): Iterable<T>;
}

export interface ListPage<T extends KubeObject> {
  readonly items: readonly T[];
  /** The revision that the whole list is exact at, the same for every page. */
  readonly resourceVersion: string;
}

export type WatchEvent<T extends KubeObject> =
  | { readonly type: 'ADDED' | 'MODIFIED' | 'DELETED'; readonly object: T }
  /** Nothing changed up to this revision. */
  | {
      readonly type: 'BOOKMARK';
      readonly object: { readonly metadata: { readonly resourceVersion: string } };
    };

/** What list-watch needs of the client. Aborting a signal ends what it was given to with an error. */
export interface KubeStreams {
  /** The list page by page, all of one revision. `whole` asks for one page without a limit. */
  pages<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions & { readonly whole?: boolean },
    signal: AbortSignal,
  ): AsyncIterable<ListPage<T>>;
  /**
   * Changes after `resourceVersion`, until the apiserver ends the watch; `accepted` is called when it has accepted it. Throws, also
   * between events, when it is refused, breaks, falls silent, reports an error or carries what is no event.
   */
  watch<T extends KubeObject>(
    resource: Resource<T>,
    options: ListOptions & { readonly resourceVersion: string },
    signal: AbortSignal,
    accepted: () => void,
  ): AsyncIterable<WatchEvent<T>>;
}

/** One apiserver, spoken to over one pool of connections. */
export interface KubeClient extends KubeReader, KubeWriter, KubeStreams {
  /** For log lines: the apiserver's URL. */
  readonly server: string;
  /** The namespace that we run in: of the kubeconfig's context or the service account; `default` where neither names one. */
  readonly namespace: string;
  /** Version of the apiserver, as in `v1.36.2`. */
  version(): Promise<string>;
  /** Aborts what is under way and closes every connection. */
  close(): Promise<void>;
}

/** Kubernetes Events for what a user must know. Never throws, never waits: an Event that cannot be written is logged and dropped. */
export interface EventRecorder {
  record(about: KubeObject, event: EventText): void;
  /** Waits for what is queued, at most `timeoutMs`. */
  flush(timeoutMs: number): Promise<void>;
  /** Drops what is queued. */
  close(): void;
}

export interface EventText {
  readonly type: 'Normal' | 'Warning';
  /** CamelCase, the same word as in condition, metric and log. */
  readonly reason: string;
  readonly message: string;
}

export function objectKey(meta: { readonly namespace?: string; readonly name: string }): ObjectKey {
  // Caches keep many, and what V8 joins is one text where a template is a tree of its parts.
  return meta.namespace === undefined ? meta.name : [meta.namespace, meta.name].join('/');
}
