import { expect } from 'vitest';
import { eventually } from './eventually.ts';
import { inTurns } from './in-parallel.ts';
import type { RawEtcd } from './raw-etcd.ts';
import type { Scene } from './scene.ts';

/** Instances of services in a registry, each service under a lease of its own, as if one machine ran each. */
export class Fleet {
  readonly #etcd: RawEtcd;
  readonly #leases = new Map<string, string>();
  readonly #keys = new Map<string, readonly string[]>();

  constructor({ registrar }: Scene) {
    this.#etcd = registrar.etcd;
  }

  /** Registers `/services/<service>/<machine>-<n>` for each address, under one lease that lives until it is revoked. */
  async start(service: string, addresses: readonly string[], machine = 'a'): Promise<void> {
    const lease = await this.#etcd.grant(3600);
    const keys = addresses.map((_, index) => `/services/${service}/${machine}-${index}`);
    for (const [index, key] of keys.entries()) {
      await this.#etcd.put(key, addresses[index] ?? '', lease);
    }
    this.#leases.set(`${service} ${machine}`, lease);
    this.#keys.set(`${service} ${machine}`, keys);
  }

  /** The machine leaves as a process does that ends well, or as one that died: its lease is gone, and its keys with it. */
  async revoke(service: string, machine = 'a'): Promise<void> {
    await this.#etcd.revoke(this.#leases.get(`${service} ${machine}`) ?? '');
  }

  /** The machine deletes its keys and lives on. */
  async delete(service: string, machine = 'a'): Promise<void> {
    for (const key of this.#keys.get(`${service} ${machine}`) ?? []) {
      await this.#etcd.delete(key);
    }
  }
}

/** So many addresses `10.0.<third>.1:80`, `10.0.<third>.2:80` and on. */
export function addresses(count: number, third = 0): readonly string[] {
  return Array.from({ length: count }, (_, index) => `10.0.${third}.${index + 1}:80`);
}

/** Deletes all EtcdServices and all that is registered, and returns once the controller knows: what an EtcdService has lost is forgotten with it. */
export async function clearAll({ objects, registrar, controller }: Scene): Promise<void> {
  const all = await objects.list('etcdservices');
  await inTurns(all, ({ metadata }) => objects.delete('etcdservices', metadata.name));
  await registrar.etcd.deletePrefix('/services/');
  await eventually(async () => expect(await controller.metric('etcd_endpoints_registry_keys')).toBe(0));
}
