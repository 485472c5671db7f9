import { sleep, systemClock } from '../../src/clock.ts';
import type { Gateway } from './gateway.ts';

/** How long a registration outlives an instance that has died, at most. */
export const TTL_SECONDS = 5;

/** Below it the instances of the demo register; what follows is the instance's name. */
export const PREFIX = '/services/web';

/** An instance that is announced in etcd, as a real one would do it itself: one key under a lease that is kept alive. */
export class Instance {
  readonly name: string;
  readonly #gateway: Gateway;
  readonly #host: string;
  readonly #life = new AbortController();
  #port: number;
  #lease = '';
  #keptAlive: Promise<void> = Promise.resolve();

  constructor(gateway: Gateway, name: string, host: string, port: number) {
    this.#gateway = gateway;
    this.name = name;
    this.#host = host;
    this.#port = port;
  }

  get key(): string {
    return `${PREFIX}/${this.name}`;
  }

  /** What it announces: `host:port`. */
  get address(): string {
    return `${this.#host}:${this.#port}`;
  }

  async register(): Promise<void> {
    await this.#announce();
    this.#keptAlive = this.#keepAlive();
  }

  async move(port: number): Promise<void> {
    this.#port = port;
    await this.#gateway.put(this.key, this.address, this.#lease);
  }

  /** Says goodbye: deletes its key. */
  async leave(): Promise<void> {
    await this.die();
    await this.#gateway.delete(this.key);
  }

  /** Falls silent, as by a crash: the key stays until the lease ends. */
  async die(): Promise<void> {
    this.#life.abort();
    await this.#keptAlive;
  }

  async #announce(): Promise<void> {
    this.#lease = await this.#gateway.grant(TTL_SECONDS);
    await this.#gateway.put(this.key, this.address, this.#lease);
  }

  /** A keepalive that fails is followed by the next; a lease that has ended is replaced. Never rejects. */
  async #keepAlive(): Promise<void> {
    const { signal } = this.#life;
    for (;;) {
      await sleep(systemClock, (TTL_SECONDS * 1000) / 3, signal);
      if (signal.aborted) {
        return;
      }
      try {
        if ((await this.#gateway.keepAlive(this.#lease)) === 0 && !signal.aborted) {
          await this.#announce();
        }
      } catch {
        // etcd is away: nothing can be done but to try again.
      }
    }
  }
}
