import type { RegistryEtcd } from './etcd-process.ts';
import { RawEtcd } from './raw-etcd.ts';

/** Registers instances in a registry as services do: keys, most of them under a lease. Keys are one char per byte. */
export class Registrar {
  readonly etcd: RawEtcd;

  constructor({ endpoints }: RegistryEtcd) {
    this.etcd = new RawEtcd(new URL(endpoints[0] ?? '').host);
  }

  /** Puts keys without a lease, each in a revision of its own. */
  async put(registrations: Readonly<Record<string, string | Buffer>>): Promise<void> {
    for (const [key, value] of Object.entries(registrations)) {
      await this.etcd.put(key, value);
    }
  }

  async delete(...keys: readonly string[]): Promise<void> {
    for (const key of keys) {
      await this.etcd.delete(key);
    }
  }

  /** Puts keys under one lease that nobody keeps alive; etcd deletes them when it has expired, after two seconds at the least. */
  async putExpiring(registrations: Readonly<Record<string, string>>, ttlSeconds = 2): Promise<void> {
    const lease = await this.etcd.grant(ttlSeconds);
    for (const [key, value] of Object.entries(registrations)) {
      await this.etcd.put(key, value, lease);
    }
  }

  close(): void {
    this.etcd.close();
  }
}
