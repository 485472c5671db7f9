import { systemClock } from '../../src/clock.ts';
import { createCache } from '../../src/kube/cache.ts';
import { ENDPOINTS, type Endpoints } from '../../src/kube/resources.ts';
import type { KubeClient, WatchedCache } from '../../src/kube/types.ts';
import { NAMESPACE, SERVICE } from './objects.ts';
import { silent } from './silent.ts';

/** One address with one port that Kubernetes publishes. */
export interface PublishedAddress {
  /** `host:port`. */
  readonly address: string;
  readonly ready: boolean;
  /** Monotonic milliseconds since when it has been seen so. */
  readonly since: number;
}

/** What Kubernetes publishes for the Service, as any client sees it: the Endpoints of its name, watched. */
export class Published {
  readonly #cache: WatchedCache<Endpoints>;
  readonly #changed = new EventTarget();
  #addresses: ReadonlyMap<string, PublishedAddress> = new Map();

  constructor(client: KubeClient) {
    this.#cache = createCache(
      client,
      ENDPOINTS,
      { namespaces: [NAMESPACE], fieldSelector: `metadata.name=${SERVICE}` },
      { clock: systemClock, log: silent },
    );
    this.#cache.onChange((_before, after) => this.#take(after));
    this.#cache.start();
  }

  /** In order of the addresses. */
  get addresses(): readonly PublishedAddress[] {
    return [...this.#addresses.values()].sort((a, b) => (a.address < b.address ? -1 : 1));
  }

  /** Returns a function that ends it. */
  onChange(listener: () => void): () => void {
    this.#changed.addEventListener('change', listener);
    return () => this.#changed.removeEventListener('change', listener);
  }

  /** Resolves once `holds` is true of the addresses; rejects after `timeoutMs`, or when the signal aborts. */
  async until(
    holds: (addresses: readonly string[]) => boolean,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const look = (): void => {
      if (holds(this.#list())) {
        resolve();
      }
    };
    const interrupted = (): void => reject(signal.reason);
    const tooLate = (): void => {
      const found = this.#list().join(', ') || 'nothing';
      reject(new Error(`after ${timeoutMs / 1000} s Kubernetes publishes ${found}`));
    };
    const cancel = systemClock.schedule(timeoutMs, tooLate);
    this.#changed.addEventListener('change', look);
    signal.addEventListener('abort', interrupted);
    try {
      signal.throwIfAborted();
      look();
      await promise;
    } finally {
      cancel();
      this.#changed.removeEventListener('change', look);
      signal.removeEventListener('abort', interrupted);
    }
  }

  async close(): Promise<void> {
    await this.#cache.close();
  }

  #list(): readonly string[] {
    return this.addresses.map(({ address }) => address);
  }

  #take(endpoints: Endpoints | undefined): void {
    const now = systemClock.monotonic();
    const seen = [...addressesOf(endpoints)].map(({ address, ready }): [string, PublishedAddress] => {
      const before = this.#addresses.get(address);
      return [address, before?.ready === ready ? before : { address, ready, since: now }];
    });
    this.#addresses = new Map(seen);
    this.#changed.dispatchEvent(new Event('change'));
  }
}

function* addressesOf(endpoints: Endpoints | undefined): Generator<{ address: string; ready: boolean }> {
  for (const { addresses = [], notReadyAddresses = [], ports = [] } of endpoints?.subsets ?? []) {
    for (const { port } of ports) {
      for (const { ip } of addresses) {
        yield { address: `${ip}:${port}`, ready: true };
      }
      for (const { ip } of notReadyAddresses) {
        yield { address: `${ip}:${port}`, ready: false };
      }
    }
  }
}
