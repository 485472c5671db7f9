import { backoffMs } from '../../backoff.ts';
import { codeOf, hasCode, messageOf, TerminalError } from '../../errors.ts';
import type { Limiter } from '../../limiter.ts';
import { bytesOf } from '../bytes.ts';
import { deleteUnlessChanged, putUnlessChanged, readKey } from '../client/guarded-write.ts';
import { isOutage } from '../errors.ts';
import { showKey } from '../key.ts';
import type { Lease } from '../lease/lease.ts';
import { type LeaseClient, leaseRemainingMs } from '../lease/lease-calls.ts';
import { leaseText } from '../lease/lease-id.ts';
import type { EtcdDeps } from '../options.ts';
import type { Bytes, Change, Key, Registration, Revision } from '../types.ts';
import { Wake } from '../wake.ts';
import type { Registered, RegistrarObserver } from './registrar-types.ts';
import { nextStep, type Wish } from './registration-step.ts';

/** What the keys of a registrar share. */
export interface KeyContext extends EtcdDeps {
  readonly client: LeaseClient;
  /** Bounds how many keys are worked on at once. */
  readonly limiter: Limiter;
  readonly takeover: boolean;
  readonly observer: RegistrarObserver;
  /** The lease that keys are put under; undefined while there is none. */
  lease(): Lease | undefined;
  /** Whether a lease is or was ours. */
  isOwn(lease: string): boolean;
  /** The key is at its end: removed, or given up. */
  ended(key: RegisteredKey): void;
}

const outageBackoff = { baseMs: 50, maxMs: 500, jitter: 0.5 };
const refusalBackoff = { baseMs: 500, maxMs: 10_000, jitter: 0.3 };
/** Changes are told by a watch; whatever it may miss, the key is looked at so often. */
const lookEveryMs = 300_000;
/** etcd looks for expired leases twice a second, and their end passes through its log. */
const expiryLagMs = 1_000;

/** How long somebody else's key is waited for. */
interface Waiting {
  /** Of the key: one that was made anew has another holder, who gets time of its own; one that is put under another lease has a live one. */
  readonly createRevision: Revision;
  /** In monotonic milliseconds. */
  readonly until: number;
}

/** One key that is kept in etcd: looked at whenever something may have changed, and put right. */
export class RegisteredKey {
  readonly key: Key;
  readonly #context: KeyContext;
  readonly #wake = new Wake();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #value: Bytes | undefined;
  /** Settled when etcd holds what is wanted. */
  #settled = Promise.withResolvers<void>();
  #claimed: boolean = false;
  /** What the next put of the key is. */
  #how: Registered = 'first';
  /** Mod revision of the key as we left it. */
  #seen: Revision = 0;
  #waiting: Waiting | undefined;
  /** Mod revision of somebody else's key that has been told of. */
  #toldOf: Revision = 0;
  #failures = 0;
  #failure: string | undefined;

  constructor(key: Key, value: Bytes, context: KeyContext) {
    this.key = key;
    this.#value = value;
    this.#context = context;
    this.#settled.promise.catch(() => {});
    this.#running = this.#run();
  }

  /** Wants this value, or none at all; resolves when etcd holds what is wanted. */
  async want(value: Bytes | undefined): Promise<void> {
    this.#value = value;
    this.#how = this.#claimed ? 'updated' : 'first';
    this.#settled.resolve();
    this.#settled = Promise.withResolvers<void>();
    this.#settled.promise.catch(() => {});
    this.#wake.call();
    await this.#settled.promise;
  }

  /** Resolves when etcd holds what is wanted now. */
  async settled(): Promise<void> {
    await this.#settled.promise;
  }

  /** There is another lease, or none. */
  leaseChanged(): void {
    this.#failures = 0;
    this.#wake.call();
  }

  /** A watch has brought this. */
  changed(changes: readonly Change[]): void {
    if (changes.some(({ registration }) => registration?.modRevision !== this.#seen)) {
      this.#wake.call();
    }
  }

  /** Leaves the key as it is in etcd. */
  async close(reason: Error): Promise<void> {
    this.#settled.reject(reason);
    this.#stop.abort(reason);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { clock, limiter } = this.#context;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      this.#wake.look();
      const restMs = await limiter.run(() => this.#look(), signal).catch(() => lookEveryMs);
      await this.#wake.rest(clock, Math.min(restMs, lookEveryMs), signal);
    }
  }

  /** Puts the key right; returns how long it may rest, in milliseconds. */
  async #look(): Promise<number> {
    const lease = this.#context.lease();
    if (lease === undefined && this.#value !== undefined) {
      return lookEveryMs;
    }
    const { signal: stop } = this.#stop;
    const signal = lease === undefined ? stop : AbortSignal.any([stop, lease.signal]);
    try {
      const restMs = await this.#putRight(lease?.id ?? '', signal);
      this.#failing(undefined);
      return restMs;
    } catch (error) {
      return signal.aborted ? lookEveryMs : this.#failed(error, lease);
    }
  }

  async #putRight(lease: string, signal: AbortSignal): Promise<number> {
    const { client } = this.#context;
    let found = await readKey(client, this.key, signal);
    for (;;) {
      const value = this.#value;
      const guard = { key: this.key, seen: found?.modRevision ?? 0 };
      switch (nextStep(found, this.#wish(value, lease))) {
        case 'put':
          found = await putUnlessChanged(client, guard, { value: value ?? bytesOf(''), lease }, signal);
          break;
        case 'delete':
          found = await deleteUnlessChanged(client, guard, signal);
          break;
        case 'theirs':
          return found === undefined ? 0 : await this.#contested(found, signal);
        case 'done':
          this.#done(found);
          return lookEveryMs;
      }
    }
  }

  #wish(value: Bytes | undefined, lease: string): Wish {
    const { isOwn, takeover } = this.#context;
    return { value, lease, isOwn, takeover, claimed: this.#claimed };
  }

  #done(found: Registration | undefined): void {
    const { observer } = this.#context;
    this.#waiting = undefined;
    this.#toldOf = 0;
    const revision = found?.modRevision ?? 0;
    if (this.#value === undefined) {
      this.#end();
      observer.removed?.(this.key);
    } else if (this.#seen !== revision) {
      const how = this.#how;
      this.#how = 'restored';
      this.#claimed = true;
      this.#seen = revision;
      observer.registered?.(this.key, how);
    }
    this.#settled.resolve();
  }

  /** The key is somebody else's; returns how long to rest. */
  async #contested(found: Registration, signal: AbortSignal): Promise<number> {
    const { clock, client, observer } = this.#context;
    const holder = { key: this.key, lease: found.lease };
    if (this.#claimed) {
      if (this.#toldOf !== found.modRevision) {
        this.#toldOf = found.modRevision;
        observer.overwritten?.(holder);
      }
      return lookEveryMs;
    }
    if (found.lease === '0') {
      throw takenError(found);
    }
    if (this.#waiting?.createRevision !== found.createRevision) {
      const atMostMs = (await leaseRemainingMs(client, found.lease, signal)) + expiryLagMs;
      this.#waiting = { createRevision: found.createRevision, until: clock.monotonic() + atMostMs };
      observer.waiting?.(holder, atMostMs);
    }
    const leftMs = this.#waiting.until - clock.monotonic();
    if (leftMs <= 0) {
      throw takenError(found);
    }
    return leftMs;
  }

  #failed(error: unknown, lease: Lease | undefined): number {
    if (hasCode(error, 'ETCD_LEASE_NOT_FOUND')) {
      lease?.notFound();
      return lookEveryMs;
    }
    this.#failing(error);
    if (error instanceof TerminalError) {
      this.#settled.reject(error);
      this.#end();
      return lookEveryMs;
    }
    const { random = Math.random } = this.#context;
    const backoff = isOutage(error) ? outageBackoff : refusalBackoff;
    const restMs = backoffMs(this.#failures, { ...backoff, random });
    this.#failures += 1;
    return restMs;
  }

  #failing(error: unknown): void {
    const failure = error === undefined ? undefined : (codeOf(error) ?? 'ETCD_FAILED');
    if (error === undefined) {
      this.#failures = 0;
    }
    if (failure !== this.#failure) {
      this.#failure = failure;
      const told = error === undefined || error instanceof Error ? error : new Error(messageOf(error));
      this.#context.observer.failing?.(told, this.key);
    }
  }

  #end(): void {
    this.#stop.abort();
    this.#context.ended(this);
  }
}

function takenError({ key, lease }: Registration): TerminalError {
  const by = lease === '0' ? 'without a lease' : `under the lease ${leaseText(lease)}`;
  return new TerminalError(
    'REGISTRATION_TAKEN',
    `the key ${showKey(key)} is registered by somebody else, ${by}; stop the other, or take the key with --takeover`,
    { subject: showKey(key) },
  );
}
