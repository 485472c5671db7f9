import { AgedMap } from '../../aged-map.ts';
import { endpointId } from '../../endpoints/match-ports.ts';
import type { DesiredEndpoint, KeyOutcome } from '../../endpoints/types.ts';
import type { Key, Revision } from '../../etcd/types.ts';

/** How a key ceased to announce an endpoint. */
export interface Departure {
  readonly key: Key;
  readonly revision: Revision;
  /** Lease of the registration that announced it last, in decimal; `'0'` for none. */
  readonly lease: string;
  /** `changed`: the key is still there, and what it says, or how it is read, is another. */
  readonly cause: 'deleted' | 'changed';
}

/** Told of each endpoint that a key announces no more, with what has become of the key; `undefined` is a key that is gone. */
export type OnDeparture = (
  endpoint: DesiredEndpoint,
  departure: Departure,
  after: KeyOutcome | undefined,
) => void;

/** As many as an account of removals takes in at once. */
const maxRemembered = 20_000;

/** The last departure of each endpoint that has not been asked for yet; beyond a bound the oldest are forgotten. */
export class Departures {
  /** Of most EtcdServices there is none. */
  #byEndpoint: AgedMap<string, Departure> | undefined;
  readonly #onDeparture: OnDeparture;

  constructor(onDeparture: OnDeparture = () => undefined) {
    this.#onDeparture = onDeparture;
  }

  get(id: string): Departure | undefined {
    return this.#byEndpoint?.get(id);
  }

  /** Notes what a key announced and announces no more. */
  note(before: KeyOutcome, after: KeyOutcome | undefined, departure: Departure): void {
    const kept = new Set(after === undefined ? [] : announcedBy(after).map(endpointId));
    for (const endpoint of announcedBy(before)) {
      const id = endpointId(endpoint);
      if (!kept.has(id)) {
        this.#remember(id, departure);
        this.#onDeparture(endpoint, departure, after);
      }
    }
  }

  #remember(id: string, departure: Departure): void {
    this.#byEndpoint ??= new AgedMap();
    const remembered = this.#byEndpoint;
    remembered.delete(id);
    remembered.set(id, departure);
    if (remembered.size > maxRemembered) {
      remembered.takeOldest();
    }
  }

  clear(): void {
    this.#byEndpoint = undefined;
  }
}

function announcedBy({ outcomes, standIns }: KeyOutcome): readonly DesiredEndpoint[] {
  const announced = outcomes.flatMap((outcome) => (outcome.kind === 'endpoint' ? [outcome.endpoint] : []));
  return [...announced, ...standIns];
}
