import type { Service, ServiceCidr } from '../../kube/resources.ts';
import type { WatchedCache } from '../../kube/types.ts';
import { ServiceRanges } from '../../registries/service-ranges.ts';

export interface ServiceAddressesDeps {
  readonly services: WatchedCache<Service>;
  readonly serviceCidrs: WatchedCache<ServiceCidr>;
  /** Ranges that the options name. */
  readonly named: readonly string[];
}

/** The addresses that Services of the cluster have or may get, kept current by the caches. To be made before they are started. */
export class ServiceAddresses {
  readonly #ranges: ServiceRanges;
  readonly #listeners = new Set<() => void>();
  #version = 0;

  constructor({ services, serviceCidrs, named }: ServiceAddressesDeps) {
    this.#ranges = new ServiceRanges(() => this.#changed());
    this.#ranges.setRanges('flags', named);
    services.onChange((before, after) => {
      this.#ranges.serviceChanged(addressesOf(before), addressesOf(after));
    });
    serviceCidrs.onChange(() => {
      const cidrs = Array.from(serviceCidrs.list(), ({ spec }) => spec?.cidrs ?? []);
      this.#ranges.setRanges('ServiceCIDR', cidrs.flat());
    });
  }

  /** Whether any range is known, as opposed to single addresses. */
  get known(): boolean {
    return this.#ranges.known;
  }

  /** Another one whenever an address may be judged differently. */
  get version(): number {
    return this.#version;
  }

  holds(address: string): boolean {
    return this.#ranges.holds(address);
  }

  onChange(listener: () => void): void {
    this.#listeners.add(listener);
  }

  #changed(): void {
    this.#version += 1;
    for (const listener of this.#listeners) {
      listener();
    }
  }
}

/** The addresses that a Service has now. */
export function addressesOf(service: Service | undefined): readonly string[] {
  const { clusterIP, clusterIPs } = service?.spec ?? {};
  return clusterIPs ?? (clusterIP === undefined ? [] : [clusterIP]);
}
