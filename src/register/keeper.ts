import { messageOf, RetryableError, TerminalError } from '../errors.ts';
import { bounded } from '../etcd/bounded.ts';
import type { EtcdCalls, EtcdClient } from '../etcd/client/client.ts';
import { readKey } from '../etcd/client/guarded-write.ts';
import { showKey } from '../etcd/key.ts';
import type { EtcdDeps } from '../etcd/options.ts';
import { Registrar } from '../etcd/registrar/registrar.ts';
import type { RegistrarOptions } from '../etcd/registrar/registrar-types.ts';
import type { Key } from '../etcd/types.ts';
import type { WantedRegistration } from './registrations.ts';
import { leaseLostText, overwrittenText, registeredText, troubleText, waitingText } from './words.ts';

/** How long it may take to see what has become of the keys after their lease was revoked. */
const lookBackMs = 1_000;

export interface KeeperOptions extends RegistrarOptions {
  readonly ttlSeconds: number;
  /** For messages. */
  readonly user: string | undefined;
}

/** Where lines go. */
export interface Voice {
  /** A change. */
  say(line: string): void;
  /** Something that is not as it should be. */
  warn(line: string): void;
}

export interface KeeperDeps extends EtcdDeps {
  readonly client: EtcdCalls & Pick<EtcdClient, 'close'>;
  readonly voice: Voice;
}

/** The registrations of one process: made and taken back together, and talked about. */
export class Keeper {
  readonly #wanted: readonly WantedRegistration[];
  readonly #options: KeeperOptions;
  readonly #deps: KeeperDeps;
  readonly #registrar: Registrar;
  readonly #refused = Promise.withResolvers<never>();
  /** Keys that etcd has with our value under our lease, by the last that was heard. */
  readonly #held = new Set<Key>();
  /** What is wrong now, by the key that it is about. */
  readonly #troubles = new Map<Key | undefined, string>();

  constructor(wanted: readonly WantedRegistration[], options: KeeperOptions, deps: KeeperDeps) {
    const { client, voice, ...etcdDeps } = deps;
    this.#wanted = wanted;
    this.#options = options;
    this.#deps = deps;
    this.#refused.promise.catch(() => undefined);
    this.#registrar = new Registrar(client, options, {
      ...etcdDeps,
      observer: {
        registered: (key, how) => {
          this.#held.add(key);
          voice.say(registeredText(key, how));
        },
        waiting: (holder, atMostMs) => voice.say(waitingText(holder, atMostMs)),
        overwritten: (holder) => {
          this.#held.delete(holder.key);
          voice.warn(overwrittenText(holder));
        },
        removed: (key) => this.#removed(key),
        leaseLost: (loss) => voice.warn(leaseLostText(loss)),
        failing: (error, key) => this.#failing(error, key),
      },
    });
  }

  /** Rejects when a registration can never be made, such as for a key of somebody else. */
  get refused(): Promise<never> {
    return this.#refused.promise;
  }

  /** Why registrations cannot be made or kept now. */
  get trouble(): string | undefined {
    const [trouble] = this.#troubles.values();
    return trouble;
  }

  /** Makes the registrations; resolves when etcd holds them all, or when they were taken back before. */
  async register(): Promise<void> {
    await this.#each(({ key, value }) => this.#registrar.set(key, value));
  }

  /** Takes the registrations back; resolves when they are gone. */
  async deregister(): Promise<void> {
    await this.#each(({ key }) => this.#registrar.remove(key));
  }

  /** Takes the registrations back for good, all at once; bounded to a few seconds. What cannot be taken back ends with its lease. */
  async close(): Promise<void> {
    await this.#registrar.close();
    const held = this.#wanted.filter(({ key }) => this.#held.has(key));
    await Promise.all(held.map((wanted) => this.#lookBack(wanted)));
  }

  /** Ends without taking the registrations back: without a connection, nothing can be revoked. The client is closed then. */
  async leave(): Promise<void> {
    await this.#deps.client.close();
    await this.#registrar.close();
  }

  async #each(task: (wanted: WantedRegistration) => Promise<void>): Promise<void> {
    try {
      await Promise.all(this.#wanted.map(task));
    } catch (error) {
      this.#refused.reject(error);
    }
  }

  /** Says what has become of a key whose lease was to be revoked. */
  async #lookBack({ key, value }: WantedRegistration): Promise<void> {
    const { client, clock, voice } = this.#deps;
    try {
      const found = await bounded(clock, lookBackMs, (signal) => readKey(client, key, signal));
      if (found?.value === value) {
        throw new RetryableError('LEASE_LEFT', 'etcd has not revoked it');
      }
      this.#removed(key);
    } catch (error) {
      voice.warn(`left ${showKey(key)} to its lease of ${this.#options.ttlSeconds} s: ${messageOf(error)}`);
    }
  }

  #removed(key: Key): void {
    if (this.#held.delete(key)) {
      this.#deps.voice.say(`deregistered ${showKey(key)}`);
    }
  }

  /** What is wrong for several keys alike is said once; what is refused for good is for whoever waits for it. */
  #failing(error: Error | undefined, key: Key | undefined): void {
    if (error instanceof TerminalError) {
      return;
    }
    const trouble = error && troubleText(error, key, this.#options.user);
    const isKnown = trouble === undefined || [...this.#troubles.values()].includes(trouble);
    if (trouble === undefined) {
      this.#troubles.delete(key);
    } else {
      this.#troubles.set(key, trouble);
    }
    if (!isKnown) {
      this.#deps.voice.warn(`${trouble}; it is tried on`);
    }
  }
}
