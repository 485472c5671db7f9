import { ObjectStore } from '../../src/kube/object-store.ts';
import type { KubeObject, WatchedCache } from '../../src/kube/types.ts';

/** A cache that a test fills itself, instead of lists and watches. */
export class MemoryCache<T extends KubeObject> extends ObjectStore<T> implements WatchedCache<T> {
  synced: boolean = true;
  problem: Error | undefined = undefined;
  /** Whether anybody has wanted it to be followed. */
  isStarted: boolean = false;

  constructor(objects: readonly T[] = []) {
    super({ debug: fail, info: fail, warn: fail });
    for (const object of objects) {
      this.put(object);
    }
  }

  start(): void {
    this.isStarted = true;
  }

  async untilSynced(): Promise<void> {
    // What a test fills is there at once.
  }

  async close(): Promise<void> {
    // There is nothing to end.
  }
}

function fail(fields: object, message: string): never {
  throw new Error(`${message}: ${JSON.stringify(fields)}`);
}
