import type { Clock } from '../clock.ts';
import { endpointId } from '../endpoints/match-ports.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import { messageOf } from '../errors.ts';
import { showKey } from '../etcd/key.ts';
import type { Key, RegistrySource, Revision } from '../etcd/types.ts';
import type { ObjectKey } from '../kube/types.ts';
import { giveWay } from '../pace.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { leaseTimes } from './lease-times.ts';
import { type Leaving, Leavings } from './leavings.ts';
import { inLightOf, type Removal, type RemovalReason } from './removal.ts';
import { maxOfOne, Removals } from './removals.ts';

/** Removals of so many publications wait at a time for what etcd says of their leases; those of more are told without. */
const maxAsking = 32;

/** How a key ceased to announce an endpoint. */
export interface Left {
  readonly key: Key;
  readonly revision: Revision;
  /** In decimal; `'0'` for none. */
  readonly lease: string;
  readonly reason: RemovalReason;
}

/** What has been published of an EtcdService. */
export interface Publication {
  readonly before: readonly DesiredEndpoint[];
  /** Those that drain are still there, and have left all the same. */
  readonly after: readonly DesiredEndpoint[];
  /** What etcd held at that revision is what was published. */
  readonly revision: Revision;
  /** Where the leases are known. */
  readonly source: Pick<RegistrySource, 'leaseTime'>;
}

/** What is left to do once a publication has been taken note of. */
interface WrapUp extends Pick<Publication, 'revision' | 'source'> {
  readonly removals: readonly Removal[];
  /** Ids of what is published now. */
  readonly stay: ReadonlySet<string>;
}

/** What is held of an EtcdService. */
export interface Holding {
  readonly held: readonly DesiredEndpoint[];
  /** What holds them. */
  readonly hold: Leaving['hold'];
  /** Id of the hold that somebody has released. */
  readonly released: string | undefined;
}

export interface FlightRecorderDeps {
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'error'>;
  readonly metrics: Pick<Metrics, 'removals'>;
}

/**
 * Remembers the last removals of each EtcdService, bounded: when and why an endpoint ceased to be announced, and when it was taken out of
 * Kubernetes. Every replica notes what leaves etcd, so that a new leader knows what the last one knew; the leader tells each removal in the log.
 */
export class FlightRecorder {
  readonly #deps: FlightRecorderDeps;
  readonly #leaving = new Leavings();
  readonly #holdings = new Map<ObjectKey, Holding>();
  readonly #removals = new Removals();
  #asking = 0;

  constructor(deps: FlightRecorderDeps) {
    this.#deps = deps;
  }

  /** An endpoint is announced no more by a key. It may still be published, or be announced by another one. */
  left(service: ObjectKey, endpoint: DesiredEndpoint, { key, revision, lease, reason }: Left): void {
    const leftAt = this.#deps.clock.now();
    const removal = { ...placeOf(endpoint), reason, key: showKey(key), revision, lease, leftAt };
    this.#leaving.set(service, endpointId(endpoint), { removal, hold: undefined });
  }

  /** Says what is held, before that is published: the end of it is told when it comes. */
  holds(service: ObjectKey, holding: Holding): void {
    const { held, hold, released } = holding;
    if (held.length === 0 && released === undefined) {
      this.#holdings.delete(service);
      return;
    }
    this.#holdings.set(service, holding);
    for (const endpoint of hold === undefined ? [] : held) {
      const id = endpointId(endpoint);
      const leaving = this.#leaving.get(service, id);
      if (leaving !== undefined && hold !== undefined) {
        this.#leaving.change(service, id, { hold, removal: { ...leaving.removal, hold: hold.id } });
      }
    }
  }

  /** Kubernetes holds other endpoints than before. */
  published(service: ObjectKey, { before, after, revision, source }: Publication): void {
    const held = new Set(this.#holdings.get(service)?.held.map(endpointId));
    const stay = new Set<string>();
    for (const endpoint of after) {
      const id = endpointId(endpoint);
      stay.add(id);
      const isAnnounced = endpoint.drainUntil === undefined && !held.has(id);
      // It never left, or has come back; what left while this was being written, the next publication takes away.
      if (isAnnounced && (this.#leaving.get(service, id)?.removal.revision ?? 0) <= revision) {
        this.#leaving.delete(service, id);
      }
    }
    const removals = before
      .filter((endpoint) => !stay.has(endpointId(endpoint)))
      .map((endpoint) => this.#remove(service, endpoint));
    void this.#wrapUp(service, { removals, stay, revision, source });
  }

  /** What is held of an EtcdService, as was said last. */
  holding(service: ObjectKey): Holding | undefined {
    return this.#holdings.get(service);
  }

  /** The last removals of an EtcdService, the latest first: what has been taken out of Kubernetes, and what has left etcd alone. */
  removals(service: ObjectKey): readonly Removal[] {
    const leaving = Array.from(this.#leaving.of(service), ([, { removal }]) => removal);
    const all = [...this.#removals.of(service), ...leaving];
    return all.sort((a, b) => momentOf(b) - momentOf(a));
  }

  /** The EtcdService is gone. */
  forget(service: ObjectKey): void {
    this.#removals.forget(service);
    this.#holdings.delete(service);
    this.#leaving.forget(service);
  }

  /** What has been published need not wait for it, nor the event loop for all of it. */
  async #wrapUp(service: ObjectKey, { removals, stay, revision, source }: WrapUp): Promise<void> {
    await giveWay(stay.size);
    this.#putAside(service, stay, revision);
    if (removals.length > 0) {
      await giveWay(removals.length);
      await this.#tell(service, removals, source);
    }
  }

  /** What came and went between two publications, or was taken out by the former leader, no later publication will take away. */
  #putAside(service: ObjectKey, stay: ReadonlySet<string>, revision: Revision): void {
    const isMeant = (id: string, { removal }: Leaving): boolean =>
      !stay.has(id) && (removal.revision ?? 0) <= revision;
    for (const { removal } of this.#leaving.take(service, isMeant).slice(-maxOfOne)) {
      this.#removals.add(service, removal);
    }
  }

  #remove(service: ObjectKey, endpoint: DesiredEndpoint): Removal {
    const id = endpointId(endpoint);
    const removedAt = this.#deps.clock.now();
    const leaving = this.#leaving.get(service, id);
    this.#leaving.delete(service, id);
    if (leaving === undefined) {
      return { ...placeOf(endpoint), reason: 'Unexplained', removedAt };
    }
    const { removal, hold } = leaving;
    const released = this.#holdings.get(service)?.released;
    const reason = hold === undefined ? removal.reason : endOf(hold, released, removedAt);
    return { ...removal, reason, removedAt };
  }

  async #tell(
    service: ObjectKey,
    removals: readonly Removal[],
    source: Publication['source'],
  ): Promise<void> {
    this.#asking += 1;
    try {
      const told = this.#asking > maxAsking ? removals : await this.#withLeases(removals, source);
      for (const removal of told) {
        this.#removals.add(service, removal);
        this.#log(service, removal);
      }
    } catch (error) {
      this.#deps.log.error({ etcdService: service, problem: messageOf(error) }, 'Could not tell removals');
    } finally {
      this.#asking -= 1;
    }
  }

  async #withLeases(
    removals: readonly Removal[],
    source: Publication['source'],
  ): Promise<readonly Removal[]> {
    const gone = removals.filter(({ reason }) => reason === 'KeyGone');
    const leases = gone.map(({ lease = '0' }) => lease);
    const times = await leaseTimes(source, leases, this.#deps.clock);
    return removals.map((removal) => inLightOf(times, removal));
  }

  #log(service: ObjectKey, { leftAt, removedAt: _, ...removal }: Removal): void {
    const { log, metrics } = this.#deps;
    const left = leftAt === undefined ? {} : { leftAt: new Date(leftAt).toISOString() };
    log.info({ etcdService: service, ...removal, ...left }, 'Endpoint removed');
    metrics.removals.inc({ reason: removal.reason });
  }
}

function endOf(hold: NonNullable<Holding['hold']>, released: string | undefined, now: number): RemovalReason {
  if (hold.id === released) {
    return 'HoldReleased';
  }
  return now >= hold.until ? 'HoldExpired' : 'HoldEnded';
}

function placeOf({ address, ports }: DesiredEndpoint): Pick<Removal, 'address' | 'ports'> {
  return { address, ports: ports.map(({ port }) => port) };
}

function momentOf({ leftAt, removedAt }: Removal): number {
  return removedAt ?? leftAt ?? 0;
}
