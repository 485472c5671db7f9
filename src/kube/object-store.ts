import { ObjectIndex } from './object-index.ts';
import type { KubeLog } from './options.ts';
import { type Cache, type CacheIndex, type KubeObject, type ObjectKey, objectKey } from './types.ts';

type Listener<T> = (before: T | undefined, after: T | undefined, isMissed: boolean) => void;

/** Objects by key with their indexes and listeners. Only true differences are told; indexes are current when they are. */
export class ObjectStore<T extends KubeObject> implements Omit<Cache<T>, 'synced'> {
  readonly #objects = new Map<ObjectKey, T>();
  readonly #indexes: ObjectIndex<T>[] = [];
  readonly #listeners = new Set<Listener<T>>();
  readonly #log: KubeLog;

  constructor(log: KubeLog) {
    this.#log = log;
  }

  get(key: ObjectKey): T | undefined {
    return this.#objects.get(key);
  }

  list(): Iterable<T> {
    return this.#objects.values();
  }

  onChange(listener: Listener<T>): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  index(valuesOf: (object: T) => readonly string[]): CacheIndex<T> {
    const index = new ObjectIndex(valuesOf);
    for (const object of this.#objects.values()) {
      index.change(undefined, object);
    }
    this.#indexes.push(index);
    return index;
  }

  put(object: T): void {
    const key = objectKey(object.metadata);
    const before = this.#objects.get(key);
    if (before === undefined || !isSameVersion(before, object)) {
      this.#objects.set(key, object);
      this.#tell(before, object);
    }
  }

  remove(key: ObjectKey, isMissed = false): void {
    const before = this.#objects.get(key);
    if (before !== undefined) {
      this.#objects.delete(key);
      this.#tell(before, undefined, isMissed);
    }
  }

  /** Removes what a list lacks: what `isGone` says of a key. */
  sweep(isGone: (key: ObjectKey) => boolean): void {
    for (const key of this.#objects.keys()) {
      if (isGone(key)) {
        this.remove(key, true);
      }
    }
  }

  #tell(before: T | undefined, after: T | undefined, isMissed = false): void {
    for (const index of this.#indexes) {
      index.change(before, after);
    }
    for (const listener of this.#listeners) {
      try {
        listener(before, after, isMissed);
      } catch (error) {
        const object = after ?? before;
        this.#log.warn(
          { kind: object?.kind, name: object?.metadata.name, error },
          'A listener of a cache failed',
        );
      }
    }
  }
}

function isSameVersion(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.resourceVersion === b.metadata.resourceVersion && a.metadata.uid === b.metadata.uid;
}
