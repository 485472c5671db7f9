import type { Connection } from '../etcd/types.ts';
import type { Registry } from './registry.ts';

type ConnectionListener = (name: string, connection: Connection) => void;

/** The registries that are followed, each once, however many EtcdServices share it. None knows of another. */
export class RegistryPool {
  readonly #create: (name: string) => Registry;
  readonly #registries = new Map<string, Registry>();
  readonly #closing = new Set<Promise<void>>();
  readonly #listeners = new Set<ConnectionListener>();

  /** `create` makes the registry of a name; it connects to nothing yet. */
  constructor(create: (name: string) => Registry) {
    this.#create = create;
  }

  get(name: string): Registry | undefined {
    return this.#registries.get(name);
  }

  /** The registry of that name, made where there is none. */
  obtain(name: string): Registry {
    const known = this.#registries.get(name);
    if (known !== undefined) {
      return known;
    }
    const registry = this.#create(name);
    registry.mirror.onConnection((connection) => this.#tell(name, connection));
    this.#registries.set(name, registry);
    return registry;
  }

  /** Closes the registry of that name, where there is one; whoever obtains it afterwards gets another. */
  drop(name: string): void {
    const registry = this.#registries.get(name);
    if (registry !== undefined) {
      this.#registries.delete(name);
      const closing = registry.close().finally(() => this.#closing.delete(closing));
      this.#closing.add(closing);
    }
  }

  /** All registries, by name. */
  values(): Iterable<Registry> {
    return this.#registries.values();
  }

  /** Calls the listener on each transition of a registry's connection, from the time on that it is made. */
  onConnection(listener: ConnectionListener): void {
    this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    for (const name of [...this.#registries.keys()]) {
      this.drop(name);
    }
    await Promise.all(this.#closing);
  }

  #tell(name: string, connection: Connection): void {
    for (const listener of this.#listeners) {
      listener(name, connection);
    }
  }
}
