import type { DesiredEndpoint } from './types.ts';

/**
 * What endpoints serve, as addresses with their ports, whatever these are called. An endpoint is still there while any of them is served:
 * the apiserver may hand an endpoint back in several parts, and one that gains or loses a port is not gone.
 */
export class Served {
  readonly #sockets = new Set<string>();

  /** What endpoints serve, as far as any of `asked` may serve it, too: nothing else can be asked for. */
  constructor(endpoints: Iterable<DesiredEndpoint>, asked: readonly DesiredEndpoint[]) {
    const addresses = new Set(asked.map(({ address }) => address));
    for (const endpoint of endpoints) {
      if (addresses.has(endpoint.address)) {
        for (const socket of socketsOf(endpoint)) {
          this.#sockets.add(socket);
        }
      }
    }
  }

  has(endpoint: DesiredEndpoint): boolean {
    return socketsOf(endpoint).some((socket) => this.#sockets.has(socket));
  }
}

/** The same, with who serves them: endpoints by their ids. */
export class ServedBy {
  readonly #idsBySocket = new Map<string, string[]>();
  readonly #addresses: ReadonlySet<string>;

  constructor(asked: readonly DesiredEndpoint[]) {
    this.#addresses = new Set(asked.map(({ address }) => address));
  }

  add(id: string, endpoint: DesiredEndpoint): void {
    if (!this.#addresses.has(endpoint.address)) {
      return;
    }
    for (const socket of socketsOf(endpoint)) {
      const ids = this.#idsBySocket.get(socket);
      ids === undefined ? this.#idsBySocket.set(socket, [id]) : ids.push(id);
    }
  }

  /** Those that serve any of what an endpoint serves, each once. */
  idsOf(endpoint: DesiredEndpoint): readonly string[] {
    return [...new Set(socketsOf(endpoint).flatMap((socket) => this.#idsBySocket.get(socket) ?? []))];
  }
}

/** An endpoint without ports serves its address alone. */
function socketsOf({ address, ports }: DesiredEndpoint): readonly string[] {
  return ports.length === 0 ? [address] : ports.map(({ port, protocol }) => `${address}|${port}|${protocol}`);
}
