import type { InstanceFilter } from '../endpoints/filter.ts';
import { endpointId } from '../endpoints/match-ports.ts';
import type { DesiredEndpoint, KeyOutcome, Outcome } from '../endpoints/types.ts';
import { showKey } from '../etcd/key.ts';
import type { Registration } from '../etcd/types.ts';
import type { Instance, Item, Reading } from '../formats/types.ts';
import type { LeaseTimes } from './lease-times.ts';
import type { Holder, ItemChain, Kept, KeyChain, LeaseState, PublishedEndpoint } from './types.ts';

/** A registration with how it is read now, and what became of its items under the spec. */
export interface KeyReading extends Pick<KeyOutcome, 'outcomes' | 'standIns'> {
  readonly registration: Registration;
  readonly reading: Reading;
}

/** An object of ours with what it holds. */
export interface HolderOf {
  readonly holder: Holder;
  readonly endpoints: readonly DesiredEndpoint[];
}

/** What a chain is made from. */
export interface ChainFacts {
  readonly filteredBy: InstanceFilter;
  readonly leases: LeaseTimes;
  readonly published: PublishedPlaces;
}

/** Where endpoints stand in Kubernetes, and which of them are held. */
export class PublishedPlaces {
  readonly #holders = new Map<string, Holder[]>();
  readonly #endpoints = new Map<string, DesiredEndpoint>();
  readonly #keptBy: (id: string, endpoint: DesiredEndpoint) => Kept | undefined;

  /** `keptBy` says what keeps a published endpoint, by its {@link endpointId}. */
  constructor(
    holders: Iterable<HolderOf>,
    keptBy: (id: string, endpoint: DesiredEndpoint) => Kept | undefined,
  ) {
    this.#keptBy = keptBy;
    for (const { holder, endpoints } of holders) {
      for (const endpoint of endpoints) {
        const id = endpointId(endpoint);
        this.#endpoints.set(id, endpoint);
        this.#holders.set(id, [...(this.#holders.get(id) ?? []), holder]);
      }
    }
  }

  /** Published endpoints that are none of these, by {@link endpointId}. */
  *besides(ids: ReadonlySet<string>): Iterable<PublishedEndpoint> {
    for (const [id, endpoint] of this.#endpoints) {
      if (!ids.has(id)) {
        yield this.at(endpoint);
      }
    }
  }

  at(endpoint: DesiredEndpoint): PublishedEndpoint {
    const id = endpointId(endpoint);
    const { address, ports, ready } = endpoint;
    const kept = this.#keptBy(id, this.#endpoints.get(id) ?? endpoint);
    return {
      address,
      ports: ports.map(({ port }) => port),
      ready,
      in: this.#holders.get(id) ?? [],
      ...(kept !== undefined && { kept }),
    };
  }
}

/** Builds the chains of keys in their order, so that of two that announce one endpoint the first counts, as it does when it is published. */
export function chainsOf(readings: Iterable<KeyReading>, facts: ChainFacts): readonly KeyChain[] {
  const announced = new Set<string>();
  return Array.from(readings, (reading) => chainOf(reading, facts, announced));
}

function chainOf(
  { registration, reading, outcomes, standIns }: KeyReading,
  facts: ChainFacts,
  announced: Set<string>,
): KeyChain {
  return {
    ...keyFacts(registration, facts.leases),
    ...(reading.format !== undefined && { format: reading.format }),
    items: reading.items.map((item, place) => itemChain(item, outcomes[place], facts, announced)),
    standIns: standIns.map((endpoint) => facts.published.at(endpoint)),
  };
}

/** What etcd says of a key. */
export function keyFacts(
  { key, modRevision, createRevision, lease }: Registration,
  leases: LeaseTimes,
): Pick<KeyChain, 'key' | 'revision' | 'createRevision' | 'lease'> {
  return {
    key: showKey(key),
    revision: String(modRevision),
    createRevision: String(createRevision),
    ...(lease !== '0' && { lease: leaseState(lease, leases) }),
  };
}

function leaseState(id: string, leases: LeaseTimes): LeaseState {
  if (!leases.has(id)) {
    return { id, state: 'Unknown' };
  }
  const time = leases.get(id);
  return time === undefined ? { id, state: 'Gone' } : { id, state: 'Alive', ...time };
}

/** How an item is read, whatever becomes of it. */
export function itemFacts(item: Item): ItemChain {
  if (item.kind !== 'instance') {
    const reason = item.kind === 'ignored' ? 'Ignored' : item.reason;
    return { reason, message: item.message };
  }
  const { ready } = item.instance;
  return { reason: ready ? 'Ready' : 'NotReady', instance: shown(item.instance) };
}

function itemChain(
  item: Item,
  outcome: Outcome | undefined,
  { filteredBy, published }: ChainFacts,
  announced: Set<string>,
): ItemChain {
  const facts = itemFacts(item);
  if (item.kind !== 'instance' || outcome === undefined) {
    return facts;
  }
  if (outcome.kind === 'filtered') {
    const field = filteredBy(item.instance);
    return { ...facts, reason: 'Filtered', ...(field !== undefined && { filteredBy: field }) };
  }
  if (outcome.kind !== 'endpoint') {
    return outcome.kind === 'rejected'
      ? { ...facts, reason: outcome.reason, message: outcome.message }
      : { ...facts, reason: 'Ignored' };
  }
  const endpoint = published.at(outcome.endpoint);
  const id = endpointId(outcome.endpoint);
  const isDuplicate = announced.has(id);
  announced.add(id);
  return { ...facts, reason: isDuplicate ? 'Duplicate' : reasonOf(endpoint), endpoint };
}

function reasonOf({ ready, in: holders }: PublishedEndpoint): string {
  if (holders.length === 0) {
    return 'NotWritten';
  }
  return ready ? 'Published' : 'NotReady';
}

function shown({ address, ports, ready }: Instance): NonNullable<ItemChain['instance']> {
  return { address, ports, ready };
}
