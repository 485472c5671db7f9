import { AgedMap } from '../aged-map.ts';
import type { ObjectKey } from '../kube/types.ts';
import type { Removal } from './removal.ts';

/** The last removals that are remembered of one EtcdService, and of all together. */
export const maxOfOne = 100;
const maxOfAll = 20_000;

/** The last removals of each EtcdService: beyond a bound the oldest are forgotten. */
export class Removals {
  /** The oldest first, here and in each list. */
  readonly #all = new AgedMap<Removal, ObjectKey>();
  readonly #byService = new Map<ObjectKey, Removal[]>();

  add(service: ObjectKey, removal: Removal): void {
    const list = this.#byService.get(service) ?? [];
    this.#byService.set(service, list);
    list.push(removal);
    this.#all.set(removal, service);
    if (list.length > maxOfOne) {
      this.#dropOldest(service);
    }
    if (this.#all.size > maxOfAll) {
      this.#dropOldestOfAll();
    }
  }

  /** The oldest first. */
  of(service: ObjectKey): readonly Removal[] {
    return this.#byService.get(service) ?? [];
  }

  forget(service: ObjectKey): void {
    for (const removal of this.of(service)) {
      this.#all.delete(removal);
    }
    this.#byService.delete(service);
  }

  #dropOldestOfAll(): void {
    const { oldest } = this.#all;
    const service = oldest && this.#all.get(oldest);
    if (service !== undefined) {
      this.#dropOldest(service);
    }
  }

  #dropOldest(service: ObjectKey): void {
    const list = this.#byService.get(service) ?? [];
    const oldest = list.shift();
    if (oldest !== undefined) {
      this.#all.delete(oldest);
    }
    if (list.length === 0) {
      this.#byService.delete(service);
    }
  }
}
