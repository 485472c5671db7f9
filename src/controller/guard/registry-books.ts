import type { Loss } from '../../endpoints/guard/limits.ts';
import { Tally } from '../../endpoints/guard/tally.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { GuardedService } from './guarded-service.ts';

/** The books of all EtcdServices of a registry. Only those that miss something are gone through, however many there are. Times in monotonic milliseconds. */
export class RegistryBooks {
  readonly #services = new Map<ObjectKey, GuardedService>();
  /** Those of which something has changed that is not entered yet. */
  readonly #touched = new Set<GuardedService>();
  /** Those that may miss something. */
  readonly #missing = new Set<GuardedService>();
  readonly #tally = new Tally<GuardedService>();

  get(key: ObjectKey): GuardedService | undefined {
    return this.#services.get(key);
  }

  all(): Iterable<GuardedService> {
    return this.#services.values();
  }

  /** Those that miss something. */
  missing(): Iterable<GuardedService> {
    return this.#missing.values().filter(({ vanished }) => vanished.size > 0);
  }

  /** Whether nothing is missing anywhere. */
  get isWhole(): boolean {
    return !this.#missing.values().some(({ vanished }) => vanished.size > 0);
  }

  open(service: GuardedService): void {
    this.#services.set(service.key, service);
  }

  touch(key: ObjectKey): void {
    const service = this.#services.get(key);
    if (service !== undefined) {
      this.#touched.add(service);
    }
  }

  /** The EtcdService of that key is counted no more. */
  delete(key: ObjectKey): void {
    const service = this.#services.get(key);
    if (service !== undefined) {
      this.#services.delete(key);
      this.#touched.delete(service);
      this.#missing.delete(service);
      this.#tally.delete(service);
    }
  }

  clear(): void {
    for (const key of [...this.#services.keys()]) {
      this.delete(key);
    }
  }

  /**
   * Enters every change that the mirror has told, of every EtcdService: losses are counted together. Returns those that etcd was listed
   * again for and that miss something since.
   */
  enter(windowMs: number, now: number): readonly GuardedService[] {
    const different: GuardedService[] = [];
    for (const service of this.#touched) {
      const entry = service.enter(now);
      if (entry === 'unknown') {
        continue;
      }
      this.#touched.delete(service);
      this.#missing.add(service);
      if (entry === 'different') {
        different.push(service);
      }
      this.#sum(service, windowMs, now);
    }
    return different;
  }

  /** What has been lost within the window. */
  loss(windowMs: number, now: number): Loss {
    for (const service of this.#missing) {
      service.close(windowMs, now);
      this.#sum(service, windowMs, now);
    }
    return this.#tally.loss;
  }

  #sum(service: GuardedService, windowMs: number, now: number): void {
    this.#tally.set(service, service.share(windowMs, now));
    if (service.vanished.size === 0) {
      this.#missing.delete(service);
    }
  }
}
