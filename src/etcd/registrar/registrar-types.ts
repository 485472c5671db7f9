import type { LeaseLoss } from '../lease/lease-types.ts';
import type { EtcdDeps } from '../options.ts';
import type { Bytes, Key } from '../types.ts';

export interface RegistrarOptions {
  /** Whole seconds; etcd raises what is less than about one and a half of its election timeouts. Default 15. */
  readonly ttlSeconds?: number;
  /** Takes a live key of somebody else without waiting. Default false. */
  readonly takeover?: boolean;
}

export interface RegistrarDeps extends EtcdDeps {
  readonly observer?: RegistrarObserver;
}

/** Who holds a key that we want. */
export interface Holder {
  readonly key: Key;
  /** Lease id in decimal, `'0'` without a lease. */
  readonly lease: string;
}

/** How a key came to be registered: for the first time, with another value that was set, or again after it had been lost. */
export type Registered = 'first' | 'updated' | 'restored';

/** Told what becomes of the registrations, synchronously; all methods are optional and must not throw. */
export interface RegistrarObserver {
  /** The key is in etcd with our value, under our lease. */
  registered?(key: Key, how: Registered): void;
  /** Somebody else's live key is in the way; it is waited for at most so long. */
  waiting?(holder: Holder, atMostMs: number): void;
  /** Somebody has overwritten the key since we registered it. It is left to them, and put again as soon as it is gone. */
  overwritten?(holder: Holder): void;
  /** We have removed the key. */
  removed?(key: Key): void;
  /** The lease is lost; all keys are put again under a new one. */
  leaseLost?(reason: LeaseLoss): void;
  /** etcd cannot be had or refuses (why), or all is well again (undefined); without a key where it concerns the lease. */
  failing?(error: Error | undefined, key: Key | undefined): void;
}

/** Keeps keys with their values in etcd, all on one lease. Implemented by `Registrar`. */
export interface KeepsRegistrations {
  /**
   * Registers the key, or changes its value. Resolves once etcd holds it under our lease, however long that takes; a later `set` or `remove` of
   * the key makes it resolve too. Rejects with a TerminalError: REGISTRATION_TAKEN where a live key of somebody else is there that did not go
   * within its lease's remaining TTL (the key is given up then), or what etcd refuses for good.
   * A key with the same value is taken to be ours, whoever's lease it has: so a restart goes on at once.
   */
  set(key: Key, value: Bytes): Promise<void>;
  /** Gives the key up and deletes it, unless it is somebody else's by now. Resolves when it is gone. */
  remove(key: Key): Promise<void>;
  /** Revokes the lease, so that all keys go at once. Bounded to a few seconds: where etcd does not answer, they go with the lease's TTL. */
  close(): Promise<void>;
}
