import { ObjectStore } from '../kube/object-store.ts';
import type { KubeObject, WatchedCache } from '../kube/types.ts';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** Objects as they stood at one moment, in the form of the caches that the controller follows. */
export class FixedCache<T extends KubeObject> extends ObjectStore<T> implements WatchedCache<T> {
  readonly synced = true;
  readonly problem = undefined;

  constructor(objects: Iterable<T>) {
    super(silent);
    for (const object of objects) {
      this.put(object);
    }
  }

  start(): void {
    // All is there from the outset.
  }

  async untilSynced(): Promise<void> {
    // It is.
  }

  async close(): Promise<void> {
    // There is nothing to end.
  }
}
