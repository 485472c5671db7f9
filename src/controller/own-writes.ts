import type { Cancel, Clock } from '../clock.ts';
import { type Cache, type KubeObject, type ObjectKey, objectKey } from '../kube/types.ts';

/** How long an own write is remembered for a cache that has not seen it. A watch that is later than that has been restarted. */
const rememberedMs = 10_000;

type ChangeListener<T> = (before: T | undefined, after: T | undefined) => void;

interface Written<T> {
  readonly object: T;
  /** Ends the wait for the watch. */
  readonly cancel: Cancel;
}

/**
 * A cache with our own writes in it: what the apiserver answered to a write counts until the watch has brought it, so that a
 * reconcile right after a write does not write again what stands already. Where the watch does not bring it in time, the object may
 * be gone: listeners are told to look.
 */
export class OwnWrites<T extends KubeObject> {
  readonly #cache: Cache<T>;
  readonly #clock: Clock;
  readonly #written = new Map<ObjectKey, Written<T>>();
  /** The last state of objects that the watch has seen go, for as long as an answer to a write before that may still come. */
  readonly #gone = new Map<ObjectKey, Written<T>>();
  readonly #listeners: ChangeListener<T>[] = [];

  constructor(cache: Cache<T>, clock: Clock) {
    this.#cache = cache;
    this.#clock = clock;
    cache.onChange((before, after) => this.#seen(before, after));
  }

  /** Calls the listener for changes that are not the echo of our own writes. */
  onForeignChange(listener: ChangeListener<T>): void {
    this.#listeners.push(listener);
  }

  get(key: ObjectKey): T | undefined {
    return this.#written.get(key)?.object ?? this.#cache.get(key);
  }

  /** Remembers what the apiserver answered to a write, unless the watch has brought that or something later already. */
  remember(key: ObjectKey, object: T): void {
    const seen = this.#cache.get(key) ?? this.#gone.get(key)?.object;
    if (seen !== undefined && !isNewer(object, seen)) {
      return;
    }
    this.#forget(this.#written, key);
    this.#keep(this.#written, key, object, () => this.#tell(object, this.#cache.get(key)));
  }

  close(): void {
    for (const memory of [this.#written, this.#gone]) {
      for (const key of [...memory.keys()]) {
        this.#forget(memory, key);
      }
    }
  }

  /** The watch has brought a change: it ends our memory of what is not newer than it, and of an object that is gone. */
  #seen(before: T | undefined, after: T | undefined): void {
    const object = after ?? before;
    if (object === undefined) {
      return;
    }
    const key = objectKey(object.metadata);
    this.#forget(this.#gone, key);
    if (after === undefined) {
      this.#keep(this.#gone, key, object, () => undefined);
    }
    const written = this.#written.get(key)?.object;
    if (written !== undefined && (after === undefined || !isNewer(written, after))) {
      this.#forget(this.#written, key);
    }
    if (written !== undefined && after?.metadata.resourceVersion === written.metadata.resourceVersion) {
      return;
    }
    this.#tell(before, after);
  }

  #tell(before: T | undefined, after: T | undefined): void {
    for (const listener of this.#listeners) {
      listener(before, after);
    }
  }

  #keep(memory: Map<ObjectKey, Written<T>>, key: ObjectKey, object: T, lapsed: () => void): void {
    const cancel = this.#clock.schedule(rememberedMs, () => {
      memory.delete(key);
      lapsed();
    });
    memory.set(key, { object, cancel });
  }

  #forget(memory: Map<ObjectKey, Written<T>>, key: ObjectKey): void {
    memory.get(key)?.cancel();
    memory.delete(key);
  }
}

/** Whether `a` was written after `b`: resourceVersions are decimal numbers that rise (compared so by Kubernetes itself, KEP-5504). */
function isNewer(a: KubeObject, b: KubeObject): boolean {
  const [x, y] = [a.metadata.resourceVersion ?? '', b.metadata.resourceVersion ?? ''];
  return x.length === y.length ? x > y : x.length > y.length;
}
