import { AgedMap } from '../aged-map.ts';
import type { Hold } from '../endpoints/guard/hold.ts';
import type { ObjectKey } from '../kube/types.ts';
import type { Removal } from './removal.ts';

/** Of all EtcdServices together: as many as a guard may hold. */
const maxOfAll = 20_000;

/** An endpoint that has left etcd and may still be published. */
export interface Leaving {
  readonly removal: Removal;
  /** What holds it. */
  readonly hold: Pick<Hold, 'id' | 'until' | 'scope'> | undefined;
}

/** What has left etcd and may still be published, of each EtcdService by endpointId: beyond a bound the oldest are forgotten. */
export class Leavings {
  /** Those that lost something last come last, here and in each of them. */
  readonly #byService = new AgedMap<ObjectKey, AgedMap<string, Leaving>>();
  #size = 0;

  get(service: ObjectKey, id: string): Leaving | undefined {
    return this.#byService.get(service)?.get(id);
  }

  /** The oldest first. */
  of(service: ObjectKey): Iterable<readonly [string, Leaving]> {
    return this.#byService.get(service) ?? [];
  }

  set(service: ObjectKey, id: string, leaving: Leaving): void {
    this.delete(service, id);
    const own = this.#byService.get(service) ?? new AgedMap<string, Leaving>();
    this.#byService.delete(service);
    own.set(id, leaving);
    this.#byService.set(service, own);
    this.#size += 1;
    if (this.#size > maxOfAll) {
      this.#dropOldest();
    }
  }

  /** Says more of one that is known; its place stays. */
  change(service: ObjectKey, id: string, leaving: Leaving): void {
    const own = this.#byService.get(service);
    if (own?.has(id) === true) {
      own.set(id, leaving);
    }
  }

  delete(service: ObjectKey, id: string): void {
    const own = this.#byService.get(service);
    if (own?.delete(id) === true) {
      this.#size -= 1;
      if (own.size === 0) {
        this.#byService.delete(service);
      }
    }
  }

  /** Deletes those that are meant, and returns them, the oldest first. */
  take(service: ObjectKey, isMeant: (id: string, leaving: Leaving) => boolean): readonly Leaving[] {
    const taken: Leaving[] = [];
    // Those that stay are few: to delete thousands from a map one by one takes ten times as long.
    const rest = new AgedMap<string, Leaving>();
    for (const [id, leaving] of this.of(service)) {
      if (isMeant(id, leaving)) {
        taken.push(leaving);
      } else {
        rest.set(id, leaving);
      }
    }
    this.#size -= taken.length;
    if (rest.size === 0) {
      this.#byService.delete(service);
    } else {
      this.#byService.set(service, rest);
    }
    return taken;
  }

  forget(service: ObjectKey): void {
    this.#size -= this.#byService.get(service)?.size ?? 0;
    this.#byService.delete(service);
  }

  /** The oldest of the EtcdService that has lost nothing for the longest time. */
  #dropOldest(): void {
    const service = this.#byService.oldest;
    const id = service && this.#byService.get(service)?.oldest;
    if (service !== undefined && id !== undefined) {
      this.delete(service, id);
    }
  }
}
