import { type Clock, sleep } from '../clock.ts';
import type { EtcdClient } from '../etcd/client/client.ts';
import { leaseTimeToLiveRpc } from '../etcd/client/rpc.ts';
import type { Change, Key } from '../etcd/types.ts';

/** A lease is asked for again after so long. */
const refreshMs = 5_000;
/** Between two questions: at most 20 a second, whatever is registered. */
const pauseMs = 50;
/** Questions under way at once where all leases are asked for once. */
const askedAtOnce = 8;

/** What etcd has last said of a lease. */
export interface LeaseTime {
  readonly grantedSeconds: number;
  readonly remainingSeconds: number;
  /** Monotonic milliseconds. */
  readonly askedAtMs: number;
}

export interface LeaseBookDeps {
  readonly client: Pick<EtcdClient, 'read'>;
  readonly clock: Clock;
}

/** Told of each answer, with the keys of the lease. */
export type LeaseListener = (lease: string, keys: ReadonlySet<Key>, time: LeaseTime) => void;

/** The leases of registrations and the time that remains to them, asked for at a bounded rate. Leases are ids in decimal. */
export class LeaseBook {
  readonly #deps: LeaseBookDeps;
  readonly #leaseOf = new Map<Key, string>();
  readonly #keysOf = new Map<string, Set<Key>>();
  readonly #times = new Map<string, LeaseTime>();
  /** When each lease was last asked for, the longest ago first. */
  readonly #asked = new Map<string, number>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;

  constructor(deps: LeaseBookDeps) {
    this.#deps = deps;
  }

  apply(changes: readonly Change[]): void {
    for (const { key, registration } of changes) {
      this.#bind(key, registration?.lease ?? '0');
    }
  }

  /** Whole seconds that remain by what is known, counted down since; undefined where nothing is known. */
  remainingSeconds(lease: string): number | undefined {
    const time = this.#times.get(lease);
    if (time === undefined) {
      return undefined;
    }
    const passedMs = this.#deps.clock.monotonic() - time.askedAtMs;
    return Math.max(0, Math.round(time.remainingSeconds - passedMs / 1_000));
  }

  /** Asks for each lease once; rejects where etcd refuses. */
  async askAll(signal: AbortSignal, listener?: LeaseListener): Promise<void> {
    const leases = [...this.#keysOf.keys()].values();
    const asker = async (): Promise<void> => {
      for (const lease of leases) {
        await this.#ask(lease, signal, listener);
      }
    };
    await Promise.all(Array.from({ length: askedAtOnce }, asker));
  }

  /** Asks again and again until closed. What fails is asked for again in its turn. */
  start(listener?: LeaseListener): void {
    this.#running ??= this.#run(listener);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  #bind(key: Key, lease: string): void {
    const before = this.#leaseOf.get(key);
    if (before === lease) {
      return;
    }
    if (before !== undefined) {
      this.#unbind(key, before);
    }
    if (lease === '0') {
      return;
    }
    this.#leaseOf.set(key, lease);
    const keys = this.#keysOf.get(lease);
    if (keys !== undefined) {
      keys.add(key);
    } else {
      this.#keysOf.set(lease, new Set([key]));
    }
  }

  #unbind(key: Key, lease: string): void {
    this.#leaseOf.delete(key);
    const keys = this.#keysOf.get(lease);
    keys?.delete(key);
    if (keys?.size !== 0) {
      return;
    }
    this.#keysOf.delete(lease);
    this.#times.delete(lease);
    this.#asked.delete(lease);
  }

  async #run(listener: LeaseListener | undefined): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      const lease = this.#due();
      if (lease !== undefined) {
        await this.#ask(lease, signal, listener).catch(() => undefined);
      }
      await sleep(this.#deps.clock, pauseMs, signal);
    }
  }

  /** A lease that was never asked for, else the one that waits longest, once it is time. */
  #due(): string | undefined {
    for (const lease of this.#keysOf.keys()) {
      if (!this.#asked.has(lease)) {
        return lease;
      }
    }
    const [oldest] = this.#asked;
    const dueMs = this.#deps.clock.monotonic() - refreshMs;
    return oldest !== undefined && oldest[1] <= dueMs ? oldest[0] : undefined;
  }

  async #ask(lease: string, signal: AbortSignal, listener: LeaseListener | undefined): Promise<void> {
    const { client, clock } = this.#deps;
    const askedAtMs = clock.monotonic();
    this.#asked.delete(lease);
    this.#asked.set(lease, askedAtMs);
    const { TTL, grantedTTL } = await client.read(leaseTimeToLiveRpc, { ID: lease }, { signal });
    const keys = this.#keysOf.get(lease);
    if (keys === undefined) {
      this.#asked.delete(lease);
      return;
    }
    // etcd says -1 of a lease that it does not know (any more).
    const remainingSeconds = Math.max(0, Number(TTL));
    const time = { grantedSeconds: Number(grantedTTL), remainingSeconds, askedAtMs };
    this.#times.set(lease, time);
    listener?.(lease, keys, time);
  }
}
