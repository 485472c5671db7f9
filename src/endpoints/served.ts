import type { DesiredEndpoint } from './types.ts';

/**
 * What endpoints serve, as pairs of address and port. An endpoint is still there while any of its pairs is served: the apiserver may hand
 * an endpoint back in several parts, and one that gains or loses a port is not gone.
 */
export class Served {
  readonly #pairs = new Set<string>();

  constructor(endpoints: Iterable<DesiredEndpoint>) {
    for (const endpoint of endpoints) {
      for (const pair of pairsOf(endpoint)) {
        this.#pairs.add(pair);
      }
    }
  }

  has(endpoint: DesiredEndpoint): boolean {
    return pairsOf(endpoint).some((pair) => this.#pairs.has(pair));
  }
}

/** An endpoint without ports serves its address alone. */
function pairsOf({ address, ports }: DesiredEndpoint): readonly string[] {
  return ports.length === 0 ? [address] : ports.map(({ port, protocol }) => `${address}|${port}|${protocol}`);
}
