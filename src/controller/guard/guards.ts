import type { EtcdService } from '../../api/etcd-service.ts';
import { type ObjectKey, objectKey } from '../../kube/types.ts';
import { registryNameOf } from '../registries/registry-name.ts';
import type { GuardedObject } from './guard-types.ts';
import { RegistryGuard, type RegistryGuardDeps } from './registry-guard.ts';

export interface GuardsDeps extends Pick<RegistryGuardDeps, 'clock' | 'random' | 'changed'> {
  /** The limits of a registry as a whole. */
  readonly limitsOf: (registry: string) => RegistryGuardDeps['limits'];
  readonly connectionOf: (registry: string) => ReturnType<RegistryGuardDeps['connection']>;
  readonly leasesOf: (registry: string) => RegistryGuardDeps['source'];
  /** The EtcdServices of a registry, with the holds that their conditions tell. */
  readonly services: (registry: string) => Iterable<GuardedObject>;
}

/** One guard for each registry: what is lost in one is no loss of another. */
export class Guards {
  readonly #deps: GuardsDeps;
  readonly #byRegistry = new Map<string, RegistryGuard>();
  readonly #byService = new Map<ObjectKey, RegistryGuard>();

  constructor(deps: GuardsDeps) {
    this.#deps = deps;
  }

  /** The guard of the registry that an EtcdService names. One that names another than before is left out of that one's count. */
  of(object: EtcdService): RegistryGuard {
    const key = objectKey(object.metadata);
    const guard = this.#obtain(registryNameOf(object));
    const before = this.#byService.get(key);
    if (before !== guard) {
      before?.leaveOut(key);
      this.#byService.set(key, guard);
    }
    return guard;
  }

  /** What this EtcdService follows has changed. */
  touch(key: ObjectKey): void {
    this.#byService.get(key)?.touch(key);
  }

  /** The EtcdService is known no more. */
  forget(key: ObjectKey): void {
    this.#byService.delete(key);
    for (const guard of this.#byRegistry.values()) {
      guard.leaveOut(key);
    }
  }

  #obtain(name: string): RegistryGuard {
    const known = this.#byRegistry.get(name);
    if (known !== undefined) {
      return known;
    }
    const { limitsOf, connectionOf, leasesOf, services, clock, random, changed } = this.#deps;
    const guard = new RegistryGuard({
      // An EtcdRegistry may change its limits.
      get limits() {
        return limitsOf(name);
      },
      source: leasesOf(name),
      connection: () => connectionOf(name),
      services: () => services(name),
      clock,
      random,
      changed,
    });
    this.#byRegistry.set(name, guard);
    return guard;
  }
}
