import type { RejectionReason } from '../formats/rejection.ts';
import { SparseMap } from '../sparse.ts';
import { boundLabelSets } from './label-set.ts';
import { endpointId, portSetKey } from './match-ports.ts';
import { type Notice, type NoticeRules, noticesOf } from './notices.ts';
import type { Counts, DesiredEndpoint, Flaw, KeyOutcome, Outcome } from './types.ts';

/** At most so many rejected items are named in a status. */
const maxSamples = 5;

/** A rejected item for status and Events: its key as shown, the reason and what is wrong. */
export interface RejectedSample {
  readonly key: string;
  readonly reason: RejectionReason;
  readonly message: string;
}

export interface Desired {
  /** Sorted by address and ports; each address and port set once. */
  readonly endpoints: readonly DesiredEndpoint[];
  /** The same by {@link endpointId}, in the same order. */
  readonly byId: ReadonlyMap<string, DesiredEndpoint>;
  readonly counts: Counts;
  /** The first five rejected items in the order of their keys. */
  readonly rejected: readonly RejectedSample[];
  readonly rejectedByReason: ReadonlyMap<RejectionReason, number>;
  /** Names of the formats that instances were read by, in order. */
  readonly formats: readonly string[];
  /** Endpoints that lack some of the Service's ports. */
  readonly partial: number;
  /** What else a user should know of them, each reason once. */
  readonly notices: readonly Notice[];
}

/**
 * What should be published: a pure function of what became of the keys. They are taken in the order given, so that of two that
 * announce the same address and ports the same one counts every time. Stand-ins are published, but their items count as rejected.
 */
export function desiredEndpoints(keys: Iterable<KeyOutcome>, rules: NoticeRules): Desired {
  const tally = new Tally();
  for (const key of keys) {
    const { outcomes } = key;
    tally.read(key.format, outcomes);
    for (const outcome of outcomes) {
      tally.count(key, outcome);
    }
    for (const endpoint of key.standIns) {
      tally.publish(endpoint);
    }
  }
  return tally.result(rules);
}

type Announcement = Extract<Outcome, { kind: 'endpoint' }>;

class Tally {
  readonly #endpoints = new Map<string, DesiredEndpoint>();
  /** Ids of endpoints that an item announces, as opposed to stand-ins. */
  readonly #announced = new Set<string>();
  readonly #portSets = new Set<string>();
  readonly #rejected: RejectedSample[] = [];
  readonly #formats = new Set<string>();
  readonly #byReason = new SparseMap<RejectionReason, number>();
  #filtered = 0;
  #ignored = 0;
  #rejections = 0;
  #duplicate = 0;
  #partial = 0;
  readonly #flawed = new Map<Flaw, string[]>();

  read(format: string | undefined, outcomes: readonly Outcome[]): void {
    if (format !== undefined && outcomes.some(({ kind }) => kind === 'endpoint')) {
      this.#formats.add(format);
    }
  }

  count(key: KeyOutcome, outcome: Outcome): void {
    if (outcome.kind === 'filtered') {
      this.#filtered += 1;
    } else if (outcome.kind === 'ignored') {
      this.#ignored += 1;
    } else if (outcome.kind === 'rejected') {
      this.#reject(key, outcome);
    } else {
      this.#announce(outcome);
    }
  }

  /** Publishes once per address and port set; one registration that says ready is enough. Returns the endpoint's id. */
  publish(endpoint: DesiredEndpoint): string {
    const id = endpointId(endpoint);
    const known = this.#endpoints.get(id);
    if (known === undefined || (endpoint.ready && !known.ready)) {
      this.#endpoints.set(id, endpoint);
    }
    this.#portSets.add(portSetKey(endpoint.ports));
    return id;
  }

  #announce({ endpoint, partial, flaws }: Announcement): void {
    const id = this.publish(endpoint);
    if (this.#announced.has(id)) {
      this.#duplicate += 1;
      return;
    }
    this.#announced.add(id);
    if (partial) {
      this.#partial += 1;
    }
    for (const flaw of flaws) {
      const addresses = this.#flawed.get(flaw) ?? [];
      addresses.push(endpoint.address);
      this.#flawed.set(flaw, addresses);
    }
  }

  #reject({ key }: KeyOutcome, { reason, message }: { reason: RejectionReason; message: string }): void {
    this.#rejections += 1;
    this.#byReason.set(reason, (this.#byReason.get(reason) ?? 0) + 1);
    if (this.#rejected.length < maxSamples) {
      this.#rejected.push({ key, reason, message });
    }
  }

  result(rules: NoticeRules): Desired {
    const sorted = [...this.#endpoints].sort(([a], [b]) => (a < b ? -1 : 1));
    const { endpoints, labelSets, unlabelled } = boundLabelSets(sorted.map(([, endpoint]) => endpoint));
    const byId = new Map(
      unlabelled === 0 ? sorted : endpoints.map((endpoint) => [endpointId(endpoint), endpoint]),
    );
    const partial = this.#partial;
    const noticed = {
      endpoints,
      partial,
      portSets: this.#portSets.size,
      labelSets,
      unlabelled,
      flawed: this.#flawed,
    };
    return {
      endpoints,
      byId,
      counts: this.#counts(),
      rejected: this.#rejected,
      rejectedByReason: this.#byReason.held,
      formats: [...this.#formats].sort(),
      partial,
      notices: noticesOf(noticed, rules),
    };
  }

  #counts(): Counts {
    let ready = 0;
    for (const id of this.#announced) {
      if (this.#endpoints.get(id)?.ready === true) {
        ready += 1;
      }
    }
    return {
      keys: this.#announced.size + this.#filtered + this.#ignored + this.#rejections + this.#duplicate,
      ready,
      notReady: this.#announced.size - ready,
      filtered: this.#filtered,
      ignored: this.#ignored,
      rejected: this.#rejections,
      duplicate: this.#duplicate,
    };
  }
}
