import type { DesiredEndpoint } from '../types.ts';
import type { Loss } from './limits.ts';

/** What one EtcdService adds to the loss of its registry, as texts of address and ports, each at most once. */
export interface Share {
  /** What stands, and what is lost. */
  readonly stood: readonly string[];
  readonly lost: readonly string[];
}

const nothing: Share = { stood: [], lost: [] };

export function shareOf(standing: Iterable<DesiredEndpoint>, gone: Iterable<DesiredEndpoint>): Share {
  const lost = new Set(Array.from(gone, instanceOf));
  const stood = new Set(Array.from(standing, instanceOf)).union(lost);
  return { stood: Array.from(stood), lost: lost.size === 0 ? nothing.lost : Array.from(lost) };
}

/** One instance, whatever the ports are called that a Service publishes it for. */
function instanceOf({ address, ports }: DesiredEndpoint): string {
  const numbers = ports.map(({ port, protocol }) => `${port}/${protocol}`);
  // Joined for the sake of memory, as {@link endpointId} is.
  return [address, ...(numbers.length === 1 ? numbers : [...new Set(numbers)].sort())].join(' ');
}

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
    if (share !== before) {
      this.#shares.set(service, share);
      this.#stood.replace(before.stood, share.stood);
      this.#lost.replace(before.lost, share.lost);
    }
  }

  delete(service: Service): void {
    this.set(service, nothing);
    this.#shares.delete(service);
  }
}

/** How many services count each instance. */
class Counts {
  readonly #byInstance = new Map<string, number>();

  get size(): number {
    return this.#byInstance.size;
  }

  replace(before: readonly string[], after: readonly string[]): void {
    const [had, has] = [new Set(before), new Set(after)];
    for (const instance of has.difference(had)) {
      this.#byInstance.set(instance, (this.#byInstance.get(instance) ?? 0) + 1);
    }
    for (const instance of had.difference(has)) {
      const left = (this.#byInstance.get(instance) ?? 0) - 1;
      if (left > 0) {
        this.#byInstance.set(instance, left);
      } else {
        this.#byInstance.delete(instance);
      }
    }
  }
}
