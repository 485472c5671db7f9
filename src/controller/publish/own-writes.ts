import type { Cancel, Clock } from '../../clock.ts';
import { ObjectIndex } from '../../kube/object-index.ts';
import {
  type CacheIndex,
  type KubeObject,
  type ObjectKey,
  objectKey,
  type WatchedCache,
} from '../../kube/types.ts';

/** How long an own write is remembered for a cache that has not seen it. A watch that is later than that has been restarted. */
const rememberedMs = 10_000;

type ChangeListener<T> = (before: T | undefined, after: T | undefined) => void;
type Change<T> = Parameters<ChangeListener<T>>;

interface Remembered<T> {
  readonly object: T;
  /** Ends the wait for the watch. */
  readonly cancel: Cancel;
}

/** The writes of one object that are under way. */
interface Writing<T> {
  count: number;
  /** What the watch has brought meanwhile: which of it is our own, the answers tell. */
  readonly seen: Change<T>[];
  /** The resourceVersions that were answered. */
  readonly answered: Set<string | undefined>;
}

/** What is needed of a cache to have own writes in it. */
export type UnderlyingCache<T extends KubeObject> = Pick<WatchedCache<T>, 'get' | 'onChange' | 'index'>;

/**
 * A cache with our own writes in it: what the apiserver answered to a write counts until the watch has brought it, so that a
 * reconcile right after a write does not write again what stands already. Where the watch does not bring it in time, the object may
 * be gone, or still there after a deletion: listeners are told to look. (Kubernetes's own controllers keep a "tracker" of their
 * writes to the same end, and wait where their cache is older.)
 */
export class OwnWrites<T extends KubeObject> {
  readonly #cache: UnderlyingCache<T>;
  readonly #clock: Clock;
  readonly #cacheIndex: CacheIndex<T>;
  /** What our creates and updates have made. */
  readonly #written = new Map<ObjectKey, Remembered<T>>();
  readonly #writtenIndex: ObjectIndex<T>;
  /** What we have deleted. Never a key of `#written`: the later of both writes counts. */
  readonly #deleted = new Map<ObjectKey, Remembered<T>>();
  /** The last state of objects that the watch has seen go, for as long as an answer to a write before that may still come. */
  readonly #gone = new Map<ObjectKey, Remembered<T>>();
  readonly #writing = new Map<ObjectKey, Writing<T>>();
  readonly #listeners: ChangeListener<T>[] = [];

  /** `valuesOf` names the values under which {@link by} finds an object. */
  constructor(
    cache: UnderlyingCache<T>,
    clock: Clock,
    valuesOf: (object: T) => readonly string[] = () => [],
  ) {
    this.#cache = cache;
    this.#clock = clock;
    this.#cacheIndex = cache.index(valuesOf);
    this.#writtenIndex = new ObjectIndex(valuesOf);
    cache.onChange((before, after) => this.#seen(before, after));
  }

  /** Calls the listener for changes that are not the echo of our own writes. */
  onForeignChange(listener: ChangeListener<T>): void {
    this.#listeners.push(listener);
  }

  get(key: ObjectKey): T | undefined {
    const written = this.#written.get(key);
    if (written !== undefined) {
      return written.object;
    }
    const cached = this.#cache.get(key);
    return cached === undefined || this.#isDeleted(key, cached) ? undefined : cached;
  }

  /** The objects found under a value, in no order. */
  by(value: string): readonly T[] {
    const cached = [...this.#cacheIndex.get(value)].filter((object) => {
      const key = objectKey(object.metadata);
      return !this.#written.has(key) && !this.#isDeleted(key, object);
    });
    return [...cached, ...this.#writtenIndex.get(value)];
  }

  /**
   * Sends a write of an object, remembers the answer and returns it. The watch is often faster than the answer: of what it brings meanwhile, listeners are
   * told afterwards, and not of the write itself.
   */
  async write(key: ObjectKey, send: () => Promise<T>): Promise<T> {
    const writing = this.#writing.get(key) ?? { count: 0, seen: [], answered: new Set() };
    this.#writing.set(key, writing);
    writing.count += 1;
    try {
      const written = await send();
      this.remember(key, written);
      writing.answered.add(written.metadata.resourceVersion);
      return written;
    } finally {
      writing.count -= 1;
      if (writing.count === 0) {
        this.#writing.delete(key);
        this.#judge(writing);
      }
    }
  }

  #judge({ seen, answered }: Writing<T>): void {
    for (const [before, after] of seen) {
      if (after === undefined || !answered.has(after.metadata.resourceVersion)) {
        this.#tell(before, after);
      }
    }
  }

  /** Remembers what the apiserver answered to a write, unless the watch has brought that or something later already. */
  remember(key: ObjectKey, object: T): void {
    const seen = this.#cache.get(key) ?? this.#gone.get(key)?.object;
    if (seen !== undefined && !isNewer(object, seen)) {
      return;
    }
    this.#forget(this.#deleted, key);
    this.#forgetWritten(key);
    this.#writtenIndex.change(undefined, object);
    this.#keep(this.#written, key, object, () => {
      this.#writtenIndex.change(object, undefined);
      this.#tell(object, this.#cache.get(key));
    });
  }

  /** Remembers that the apiserver has deleted that very object, unless the watch has seen it go already. */
  rememberDeleted(key: ObjectKey, object: T): void {
    this.#forgetWritten(key);
    if (this.#cache.get(key) === undefined && isSame(this.#gone.get(key)?.object, object)) {
      return;
    }
    this.#forget(this.#deleted, key);
    this.#keep(this.#deleted, key, object, () => this.#tell(object, this.#cache.get(key)));
  }

  /** Remembers what a look has found to stand now in place of `known`; undefined: nothing. */
  rememberFound(known: T, found: T | undefined): void {
    const key = objectKey(known.metadata);
    if (found === undefined) {
      this.rememberDeleted(key, known);
    } else {
      this.remember(key, found);
    }
  }

  close(): void {
    for (const memory of [this.#written, this.#deleted, this.#gone]) {
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
    const isEcho = this.#isEcho(key, object, after);
    this.#forgetSeen(key, object, after);
    if (isEcho) {
      return;
    }
    const writing = this.#writing.get(key);
    if (writing === undefined) {
      this.#tell(before, after);
    } else {
      writing.seen.push([before, after]);
    }
  }

  /** Whether the watch tells of our own write, or of what stood before our deletion. */
  #isEcho(key: ObjectKey, object: T, after: T | undefined): boolean {
    const written = this.#written.get(key)?.object;
    const isWritten =
      written !== undefined && after?.metadata.resourceVersion === written.metadata.resourceVersion;
    return isWritten || this.#isDeleted(key, object);
  }

  #forgetSeen(key: ObjectKey, object: T, after: T | undefined): void {
    const written = this.#written.get(key)?.object;
    const isOver = after === undefined ? isSame(written, object) : !isNewer(written ?? after, after);
    if (written !== undefined && isOver) {
      this.#forgetWritten(key);
    }
    if (after === undefined || !this.#isDeleted(key, after)) {
      this.#forget(this.#deleted, key);
    }
  }

  #isDeleted(key: ObjectKey, object: T): boolean {
    return isSame(this.#deleted.get(key)?.object, object);
  }

  #tell(before: T | undefined, after: T | undefined): void {
    for (const listener of this.#listeners) {
      listener(before, after);
    }
  }

  #keep(memory: Map<ObjectKey, Remembered<T>>, key: ObjectKey, object: T, lapsed: () => void): void {
    const cancel = this.#clock.schedule(rememberedMs, () => {
      memory.delete(key);
      lapsed();
    });
    memory.set(key, { object, cancel });
  }

  #forgetWritten(key: ObjectKey): void {
    this.#writtenIndex.change(this.#written.get(key)?.object, undefined);
    this.#forget(this.#written, key);
  }

  #forget(memory: Map<ObjectKey, Remembered<T>>, key: ObjectKey): void {
    memory.get(key)?.cancel();
    memory.delete(key);
  }
}

/** Whether two states are of the very same object, and not of one that was made again under its name. */
function isSame(a: KubeObject | undefined, b: KubeObject): boolean {
  return a !== undefined && a.metadata.uid === b.metadata.uid;
}

/** Whether `a` was written after `b`: resourceVersions are decimal numbers that rise (compared so by Kubernetes itself, KEP-5504). */
function isNewer(a: KubeObject, b: KubeObject): boolean {
  const [x, y] = [a.metadata.resourceVersion ?? '', b.metadata.resourceVersion ?? ''];
  return x.length === y.length ? x > y : x.length > y.length;
}
