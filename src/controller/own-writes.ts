import type { Clock } from '../clock.ts';
import { type Cache, type KubeObject, type ObjectKey, objectKey } from '../kube/types.ts';

/** How long an own write is remembered for a cache that has not seen it. A watch that is later than that has been restarted. */
const rememberedMs = 10_000;

type ChangeListener<T> = (before: T | undefined, after: T | undefined) => void;

interface Written<T> {
  readonly object: T;
  readonly atMs: number;
}

/**
 * A cache with our own writes in it: what the apiserver answered to a write counts until the watch has brought it, so that a
 * reconcile right after a write does not write again what stands already.
 */
export class OwnWrites<T extends KubeObject> {
  readonly #cache: Cache<T>;
  readonly #clock: Clock;
  readonly #written = new Map<ObjectKey, Written<T>>();
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
    const written = this.#written.get(key);
    if (written !== undefined && this.#clock.monotonic() - written.atMs < rememberedMs) return written.object;
    this.#written.delete(key);
    return this.#cache.get(key);
  }

  /** Remembers what the apiserver answered to a write. */
  remember(key: ObjectKey, object: T): void {
    const cached = this.#cache.get(key);
    if (cached !== undefined && !isNewer(object, cached)) return;
    this.#written.set(key, { object, atMs: this.#clock.monotonic() });
  }

  /** The watch has brought a change: it ends our memory of what is not newer than it, and of an object that is gone. */
  #seen(before: T | undefined, after: T | undefined): void {
    const object = after ?? before;
    if (object === undefined) return;
    const key = objectKey(object.metadata);
    const written = this.#written.get(key)?.object;
    if (written !== undefined && (after === undefined || !isNewer(written, after))) this.#written.delete(key);
    if (written !== undefined && after?.metadata.resourceVersion === written.metadata.resourceVersion) return;
    for (const listener of this.#listeners) listener(before, after);
  }
}

/** Whether `a` was written after `b`: resourceVersions are decimal numbers that rise (compared so by Kubernetes itself, KEP-5504). */
function isNewer(a: KubeObject, b: KubeObject): boolean {
  const [x, y] = [a.metadata.resourceVersion ?? '', b.metadata.resourceVersion ?? ''];
  return x.length === y.length ? x > y : x.length > y.length;
}
