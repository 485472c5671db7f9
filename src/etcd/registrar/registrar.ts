import { aborted } from '../../abort.ts';
import { codeOf, messageOf, TerminalError } from '../../errors.ts';
import { Limiter } from '../../limiter.ts';
import type { EtcdCalls } from '../client/client.ts';
import { singleRange } from '../key.ts';
import type { Lease } from '../lease/lease.ts';
import { LeaseKeeper } from '../lease/lease-keeper.ts';
import { checkTtl } from '../lease/lease-ttl.ts';
import { Mirror } from '../mirror/mirror.ts';
import type { Bytes, Key, MirroredRange } from '../types.ts';
import { type KeyContext, RegisteredKey } from './registered-key.ts';
import type {
  KeepsRegistrations,
  RegistrarDeps,
  RegistrarObserver,
  RegistrarOptions,
} from './registrar-types.ts';

const defaultTtlSeconds = 15;
const ttlRule = { option: '--ttl', leastSeconds: 1, reason: 'the registration would be gone at once' };
/** Keys that are worked on at once. */
const keysAtOnce = 32;
/** Leases that keys of ours may still be bound to. */
const leasesRemembered = 16;

/** A key and the watch that looks after it. */
interface Kept {
  readonly registered: RegisteredKey;
  readonly followed: MirroredRange;
}

/**
 * Keeps keys with their values in etcd, all on one lease. When the lease is lost, for whatever reason, every key is put again under a new one; when a
 * single key goes or changes, it is put right by the rules of `nextStep`. It uses the client but does not own it, whose user must be allowed to read
 * the keys as well as to write them.
 */
export class Registrar implements KeepsRegistrations {
  readonly #leases: LeaseKeeper;
  readonly #mirror: Mirror;
  readonly #context: KeyContext;
  readonly #observer: RegistrarObserver;
  readonly #kept = new Map<Key, Kept>();
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #lease: Lease | undefined;
  /** Ids of the leases that we had last, the one in use included. */
  #own: readonly string[] = [];
  #failure: string | undefined;

  /** Throws a TerminalError that names the option where the options cannot be right. */
  constructor(client: EtcdCalls, options: RegistrarOptions, deps: RegistrarDeps) {
    const { ttlSeconds = defaultTtlSeconds, takeover = false } = options;
    const { observer = {}, ...etcdDeps } = deps;
    checkTtl(ttlSeconds, ttlRule);
    this.#observer = observer;
    this.#leases = new LeaseKeeper(client, { ttlSeconds }, etcdDeps);
    this.#mirror = new Mirror(client, etcdDeps);
    this.#context = {
      ...etcdDeps,
      client,
      takeover,
      observer,
      limiter: new Limiter(keysAtOnce),
      lease: () => this.#lease,
      isOwn: (lease) => this.#own.includes(lease),
      ended: (registered) => this.#forget(registered),
    };
  }

  async set(key: Key, value: Bytes): Promise<void> {
    this.#stop.signal.throwIfAborted();
    this.#running ??= this.#run();
    const kept = this.#kept.get(key);
    await (kept === undefined ? this.#keep(key, value).settled() : kept.registered.want(value));
  }

  async remove(key: Key): Promise<void> {
    await this.#kept.get(key)?.registered.want(undefined);
  }

  async close(): Promise<void> {
    await this.#end(new TerminalError('REGISTRAR_CLOSED', 'the registrar is closed'));
    await this.#running;
    await Promise.all([this.#leases.close(), this.#mirror.close()]);
  }

  #keep(key: Key, value: Bytes): RegisteredKey {
    const registered = new RegisteredKey(key, value, this.#context);
    const followed = this.#mirror.follow(singleRange(key), {
      changed: (changes) => registered.changed(changes),
      synced: () => {},
      failureChanged: () => {},
    });
    this.#kept.set(key, { registered, followed });
    return registered;
  }

  #forget({ key }: RegisteredKey): void {
    this.#kept.get(key)?.followed.release();
    this.#kept.delete(key);
  }

  /** Has one lease after the other, and tells every key of each. */
  async #run(): Promise<void> {
    const { signal } = this.#stop;
    try {
      while (!signal.aborted) {
        const lease = await this.#leases.grant(signal, (error) => this.#failing(error));
        this.#failing(undefined);
        this.#use(lease);
        await aborted(AbortSignal.any([lease.signal, signal]));
        this.#drop(lease);
      }
    } catch (error) {
      if (!signal.aborted) {
        await this.#end(error instanceof Error ? error : new Error(messageOf(error)));
      }
    }
  }

  #use(lease: Lease): void {
    this.#lease = lease;
    this.#own = [...this.#own, lease.id].slice(-leasesRemembered);
    this.#tellKeys();
  }

  #drop({ loss }: Lease): void {
    this.#lease = undefined;
    if (loss !== undefined) {
      this.#observer.leaseLost?.(loss);
    }
  }

  #tellKeys(): void {
    for (const { registered } of this.#kept.values()) {
      registered.leaseChanged();
    }
  }

  /** Keeps no key from now on. */
  async #end(reason: Error): Promise<void> {
    this.#stop.abort(reason);
    await Promise.all(Array.from(this.#kept.values(), ({ registered }) => registered.close(reason)));
  }

  #failing(error: unknown): void {
    const failure = error === undefined ? undefined : (codeOf(error) ?? 'ETCD_FAILED');
    if (failure !== this.#failure) {
      this.#failure = failure;
      const told = error === undefined || error instanceof Error ? error : new Error(messageOf(error));
      this.#observer.failing?.(told, undefined);
    }
  }
}
