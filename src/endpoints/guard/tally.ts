import { endpointId } from '../match-ports.ts';
import type { DesiredEndpoint, EndpointPort } from '../types.ts';
import type { Loss } from './limits.ts';

/** What one EtcdService adds to the loss of its registry. */
export interface Share {
  /** By their ids. */
  readonly standing: ReadonlyMap<string, DesiredEndpoint>;
  readonly lost: readonly DesiredEndpoint[];
}

const nothing: Share = { standing: new Map(), lost: [] };

/**
 * Sums up what EtcdServices have lost. An instance that several of them publish counts once, lost as soon as one of them has lost it: one
 * death is one loss however many follow its prefix.
 */
export class Tally<Service extends object> {
  readonly #shares = new Map<Service, Share>();
  readonly #stood = new Counts();
  readonly #lost = new Counts();

  get loss(): Loss {
    return { lost: this.#lost.size, stood: this.#stood.size };
  }

  /** Puts the share of a service in the place of the one that it had. Takes no time where that is the same object. */
  set(service: Service, share: Share): void {
    const before = this.#shares.get(service) ?? nothing;
    if (share === before) {
      return;
    }
    this.#shares.set(service, share);
    this.#stood.replace(before.standing, share.standing);
    if (before.lost.length + share.lost.length > 0) {
      const [had, has] = [byId(before.lost), byId(share.lost)];
      this.#stood.replace(had, has);
      this.#lost.replace(had, has);
    }
  }

  delete(service: Service): void {
    this.set(service, nothing);
    this.#shares.delete(service);
  }
}

function byId(endpoints: readonly DesiredEndpoint[]): Share['standing'] {
  return new Map(endpoints.map((endpoint) => [endpointId(endpoint), endpoint]));
}

/** Ports by {@link numbersOf}, each with how often it is counted. */
type ByPorts = Map<string, number>;

/** How often each instance is counted: an address with its ports, whatever these are called. */
class Counts {
  /** Mostly there is one instance at an address, and it is counted once: then its ports are all that is kept. There may be a million of them. */
  readonly #at = new Map<string, readonly EndpointPort[] | ByPorts>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Endpoints of one id are the same instance: whatever else differs is not counted. */
  replace(had: Share['standing'], has: Share['standing']): void {
    for (const [id, endpoint] of had) {
      if (!has.has(id)) {
        this.#remove(endpoint);
      }
    }
    for (const [id, endpoint] of has) {
      if (!had.has(id)) {
        this.#add(endpoint);
      }
    }
  }

  #add({ address, ports }: DesiredEndpoint): void {
    const known = this.#at.get(address);
    if (known === undefined) {
      this.#at.set(address, ports);
      this.#size += 1;
      return;
    }
    const counts = byPorts(known);
    const numbers = numbersOf(ports);
    const count = counts.get(numbers);
    this.#at.set(address, counts.set(numbers, (count ?? 0) + 1));
    this.#size += count === undefined ? 1 : 0;
  }

  #remove({ address, ports }: DesiredEndpoint): void {
    const known = this.#at.get(address);
    if (known === undefined) {
      return;
    }
    const counts = byPorts(known);
    const numbers = numbersOf(ports);
    const left = (counts.get(numbers) ?? 0) - 1;
    if (left > 0) {
      counts.set(numbers, left);
      return;
    }
    counts.delete(numbers);
    this.#size -= 1;
    if (counts.size === 0) {
      this.#at.delete(address);
    }
  }
}

function byPorts(known: readonly EndpointPort[] | ByPorts): ByPorts {
  return known instanceof Map ? known : new Map([[numbersOf(known), 1]]);
}

function numbersOf(ports: readonly EndpointPort[]): string {
  const numbers = new Set(ports.map(({ port, protocol }) => `${port}/${protocol}`));
  return [...numbers].sort().join();
}
