/** The current objects of one resource, kept by list and watch. What it holds is never changed, only replaced. */
import type { BackoffOptions } from '../backoff.ts';
import { RetryableError } from '../errors.ts';
import { ListWatch, type ObjectSink } from './list-watch.ts';
import { ObjectStore } from './object-store.ts';
import type { KubeDeps } from './options.ts';
import {
  type CacheIndex,
  type KubeObject,
  type KubeStreams,
  type ListOptions,
  type ObjectKey,
  objectKey,
  type Resource,
  type WatchedCache,
} from './types.ts';

export interface CacheOptions<T extends KubeObject, Kept extends KubeObject = T>
  extends Omit<ListOptions, 'namespace'> {
  /** Namespaces to follow, one list and watch each; absent: all of them in one. */
  readonly namespaces?: readonly string[];
  /** What is kept of an object, all of it by default. Name, namespace, uid and resourceVersion must be kept. */
  readonly transform?: (object: T) => Kept;
  /** Pauses between lists and watches that fail. Default 0.8 s doubling to 30 s, half of it random, as client-go. */
  readonly backoff?: BackoffOptions;
  /** The same where the apiserver refuses them or does not serve the resource; as `backoff` unless told. */
  readonly refusedBackoff?: BackoffOptions;
}

export type CacheDeps = Pick<KubeDeps, 'clock' | 'log' | 'random'>;

const DEFAULT_BACKOFF: BackoffOptions = { baseMs: 800, maxMs: 30_000, jitter: 0.5 };

/** Keeps whole objects. Nothing is requested before `start`. */
export function createCache<T extends KubeObject>(
  streams: KubeStreams,
  resource: Resource<T>,
  options: CacheOptions<T>,
  deps: CacheDeps,
): WatchedCache<T>;
/** Keeps what `transform` makes of each object. Nothing is requested before `start`. */
export function createCache<T extends KubeObject, Kept extends KubeObject>(
  streams: KubeStreams,
  resource: Resource<T>,
  options: CacheOptions<T, Kept> & { readonly transform: (object: T) => Kept },
  deps: CacheDeps,
): WatchedCache<Kept>;
export function createCache<T extends KubeObject>(
  streams: KubeStreams,
  resource: Resource<T>,
  options: CacheOptions<T, KubeObject>,
  deps: CacheDeps,
): WatchedCache<KubeObject> {
  return new ListWatchCache(streams, resource, options, deps);
}

/** One list and watch, of one namespace or of all. */
interface Scope {
  readonly listWatch: { start(): void; close(): Promise<void> };
  synced: boolean;
  problem: Error | undefined;
}

class ListWatchCache<T extends KubeObject> implements WatchedCache<KubeObject> {
  readonly #store: ObjectStore<KubeObject>;
  readonly #scopes: readonly Scope[];
  readonly #plural: string;
  #waiting: PromiseWithResolvers<void>[] = [];
  #closed: boolean = false;

  constructor(
    streams: KubeStreams,
    resource: Resource<T>,
    options: CacheOptions<T, KubeObject>,
    deps: CacheDeps,
  ) {
    const {
      namespaces,
      transform,
      backoff = DEFAULT_BACKOFF,
      refusedBackoff = backoff,
      ...selectors
    } = options;
    this.#plural = resource.plural;
    this.#store = new ObjectStore(deps.log);
    const follow = (namespace?: string): Scope => {
      const sink = new ScopeSink<T>(this.#store, namespace, transform ?? ((object) => object), () => {
        scope.synced = true;
        this.#settleIfSynced();
      });
      const where = namespace === undefined ? selectors : { ...selectors, namespace };
      const listWatch = new ListWatch(streams, resource, where, sink, {
        clock: deps.clock,
        log: deps.log,
        random: deps.random ?? Math.random,
        backoff,
        refusedBackoff,
        onProblem: (problem) => {
          scope.problem = problem;
        },
      });
      const scope: Scope = { listWatch, synced: false, problem: undefined };
      return scope;
    };
    this.#scopes = namespaces === undefined ? [follow()] : [...new Set(namespaces)].map(follow);
  }

  get synced(): boolean {
    return this.#scopes.every((scope) => scope.synced);
  }

  get problem(): Error | undefined {
    return this.#scopes.find((scope) => scope.problem !== undefined)?.problem;
  }

  start(): void {
    for (const { listWatch } of this.#scopes) {
      listWatch.start();
    }
  }

  async untilSynced(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    if (this.synced) {
      return;
    }
    if (this.#closed) {
      throw this.#closedError();
    }
    const waiting = Promise.withResolvers<void>();
    const abort = (): void => waiting.reject(signal?.reason);
    signal?.addEventListener('abort', abort);
    this.#waiting.push(waiting);
    try {
      await waiting.promise;
    } finally {
      signal?.removeEventListener('abort', abort);
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
    }
  }

  get(key: ObjectKey): KubeObject | undefined {
    return this.#store.get(key);
  }

  list(): Iterable<KubeObject> {
    return this.#store.list();
  }

  onChange(
    listener: (before: KubeObject | undefined, after: KubeObject | undefined, isMissed: boolean) => void,
  ): () => void {
    return this.#store.onChange(listener);
  }

  index(valuesOf: (object: KubeObject) => readonly string[]): CacheIndex<KubeObject> {
    return this.#store.index(valuesOf);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const waiting of this.#waiting) {
      waiting.reject(this.#closedError());
    }
    await Promise.all(this.#scopes.map(({ listWatch }) => listWatch.close()));
  }

  #settleIfSynced(): void {
    if (this.synced) {
      for (const waiting of this.#waiting) {
        waiting.resolve();
      }
    }
  }

  #closedError(): RetryableError {
    return new RetryableError('KUBE_CLOSED', `the cache of ${this.#plural} was closed before it was synced`, {
      subject: this.#plural,
    });
  }
}

/** Carries one list and watch into the store: marks what a list brings, and sweeps the rest of its own scope. */
class ScopeSink<T extends KubeObject> implements ObjectSink<T> {
  readonly #store: ObjectStore<KubeObject>;
  readonly #namespace: string | undefined;
  readonly #transform: (object: T) => KubeObject;
  readonly #listed: () => void;
  /** What the list under way has brought; undefined while there is none. */
  #marked: Set<ObjectKey> | undefined;

  constructor(
    store: ObjectStore<KubeObject>,
    namespace: string | undefined,
    transform: (object: T) => KubeObject,
    listed: () => void,
  ) {
    this.#store = store;
    this.#namespace = namespace;
    this.#transform = transform;
    this.#listed = listed;
  }

  listBegins(): void {
    this.#marked = new Set();
  }

  put(object: T): void {
    this.#marked?.add(objectKey(object.metadata));
    this.#store.put(this.#transform(object));
  }

  remove(object: T): void {
    this.#store.remove(objectKey(object.metadata));
  }

  listEnds(): void {
    const marked = this.#marked;
    this.#marked = undefined;
    const scope = this.#namespace === undefined ? '' : `${this.#namespace}/`;
    this.#store.sweep((key) => key.startsWith(scope) && marked?.has(key) === false);
    this.#listed();
  }
}
