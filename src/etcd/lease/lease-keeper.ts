import type { EtcdDeps } from '../options.ts';
import { Lease } from './lease.ts';
import { grantLease, type LeaseClient } from './lease-calls.ts';
import { newLeaseId } from './lease-id.ts';
import type { LeaseOptions } from './lease-types.ts';

/** Grants one lease after the other, and sees to it that none of them is left behind. */
export class LeaseKeeper {
  readonly #client: LeaseClient;
  readonly #options: LeaseOptions;
  readonly #deps: EtcdDeps;
  /** Granted and not at rest yet: the one in use, and lost ones that are being revoked. */
  readonly #leases = new Set<Lease>();

  constructor(client: LeaseClient, options: LeaseOptions, deps: EtcdDeps) {
    this.#client = client;
    this.#options = options;
    this.#deps = deps;
  }

  /**
   * A new lease, as soon as etcd answers. `failed` is told of each try that did not come through. Rejects with a TerminalError, or with the reason of
   * `signal`.
   */
  async grant(signal: AbortSignal, failed: (error: unknown) => void): Promise<Lease> {
    const { ttlSeconds } = this.#options;
    const id = newLeaseId();
    const hold = await grantLease(this.#client, { id, ttlSeconds }, this.#deps, signal, failed);
    const lease = new Lease(this.#client, id, hold, this.#deps);
    this.#leases.add(lease);
    void lease.atRest.then(() => this.#leases.delete(lease));
    return lease;
  }

  /** Closes every lease; bounded as that of a single one is. */
  async close(): Promise<void> {
    await Promise.all(Array.from(this.#leases, (lease) => lease.close()));
  }
}
