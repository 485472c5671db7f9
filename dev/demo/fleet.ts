import type { Gateway } from './gateway.ts';
import { Instance } from './instance.ts';

/** The instances of the demo that are alive, the oldest first. Their addresses are of the range for documentation (RFC 5737). */
export class Fleet implements AsyncDisposable {
  readonly #gateway: Gateway;
  readonly #alive: Instance[] = [];
  #born = 0;

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  get addresses(): readonly string[] {
    return this.#alive.map(({ address }) => address);
  }

  /** A new instance that has registered itself. */
  async add(): Promise<Instance> {
    this.#born += 1;
    const host = `192.0.2.${((this.#born - 1) % 90) + 1}`;
    const instance = new Instance(this.#gateway, `web-${this.#born}`, host, 8080);
    await instance.register();
    this.#alive.push(instance);
    return instance;
  }

  /** The oldest instance; it stays. */
  oldest(): Instance {
    const [instance] = this.#alive;
    if (instance === undefined) {
      throw new Error('No instance is alive');
    }
    return instance;
  }

  /** The oldest instance, which is not counted as alive any more. */
  release(): Instance {
    const instance = this.oldest();
    this.#alive.shift();
    return instance;
  }

  /** Ends the keepalives of all. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#alive.map((instance) => instance.die()));
  }
}
