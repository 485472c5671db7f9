import type { EtcdService } from '../api/etcd-service.ts';
import type { Clock } from '../clock.ts';
import { compileFilter } from '../endpoints/filter.ts';
import { endpointId } from '../endpoints/match-ports.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import { TerminalError } from '../errors.ts';
import type { RegistrySource } from '../etcd/types.ts';
import { chainsOf, type KeyReading, PublishedPlaces } from '../explain/chain.ts';
import type { FlightRecorder } from '../explain/flight-recorder.ts';
import { leaseTimes } from '../explain/lease-times.ts';
import type { Question } from '../explain/server.ts';
import { keptBy, removalsSince, removalText, timeText } from '../explain/told.ts';
import type { Explanation } from '../explain/types.ts';
import type { ObjectKey } from '../kube/types.ts';
import type { Leader } from '../leadership/elector.ts';
import type { Leadership } from './leadership.ts';
import type { Preparer } from './preparing.ts';
import type { Publisher } from './publish/publisher.ts';
import { registryNameOf } from './registries/registry-name.ts';
import { Refusal } from './status/refusal.ts';
import type { Tracked, TrackedServices } from './tracked.ts';

/** Keys that are told at once: each is read again for it, and its lease is asked for. */
const maxKeys = 5000;

export interface ExplainerDeps {
  readonly replica: string;
  readonly leadership: Leadership;
  readonly etcdService: (key: ObjectKey) => EtcdService | undefined;
  readonly tracked: TrackedServices;
  readonly preparer: Preparer;
  readonly publisher: Publisher;
  readonly flights: FlightRecorder;
  /** Where the leases of a registry are known. */
  readonly leasesOf: (registry: string) => Pick<RegistrySource, 'leaseTime'>;
  readonly clock: Clock;
}

/** What is known of one EtcdService, before its leases are asked for. */
interface Known {
  readonly readings: readonly KeyReading[];
  readonly omittedKeys: number;
  readonly desired: readonly DesiredEndpoint[];
}

/** Says of an EtcdService, from memory alone but for the time of leases, why each address is published or is not. */
export class Explainer {
  readonly #deps: ExplainerDeps;

  constructor(deps: ExplainerDeps) {
    this.#deps = deps;
  }

  /**
   * Rejects with `NOT_LEADING` on a standby, which knows nothing of holds and writes; with `UNKNOWN_ETCD_SERVICE` where there is none of that
   * name.
   */
  async explain(question: Question, leader: Leader | undefined): Promise<Explanation> {
    const { replica, leadership, etcdService, tracked: all, publisher, flights, clock } = this.#deps;
    const key = `${question.namespace}/${question.name}`;
    if (leadership.term === undefined) {
      throw new TerminalError('NOT_LEADING', notLeading(replica, leader, question));
    }
    const object = etcdService(key);
    const tracked = all.get(key);
    if (object === undefined || tracked === undefined) {
      throw new TerminalError('UNKNOWN_ETCD_SERVICE', `This controller serves no EtcdService ${key}`);
    }
    const known = knownOf(tracked, question);
    const claim = this.#claim(tracked, object);
    const holders = claim === undefined ? [] : publisher.holders(claim);
    const published = new PublishedPlaces(holders, keptBy(flights.holding(key)));
    const since = clock.now() - (question.sinceMs ?? Number.POSITIVE_INFINITY);
    const removals = removalsSince(flights.removals(key), since, known.desired);
    const asked = known.readings.map(({ registration }) => registration.lease);
    const leases = this.#deps.leasesOf(registryNameOf(object));
    const times = await leaseTimes(leases, asked, clock);
    const isAsked = ({ address }: { readonly address: string }): boolean =>
      question.address === undefined || question.address === address;
    return {
      etcdService: key,
      replica,
      ...serviceOf(object),
      ...(tracked.subscription?.isSynced === true && { revision: String(tracked.subscription.revision) }),
      conditions: (object.status?.conditions ?? []).map(({ type, status, reason, message }) => ({
        type,
        status,
        reason,
        message,
      })),
      keys: chainsOf(known.readings, {
        filteredBy: compileFilter(claim?.spec.filter),
        leases: times,
        published,
      }),
      omittedKeys: known.omittedKeys,
      kept: [...published.besides(new Set(known.desired.map(endpointId)))].filter(isAsked),
      removals: removals.filter(isAsked).map(removalText),
      ...lastWriteOf(tracked),
    };
  }

  /** Undefined where the spec cannot be read: then nothing is published for it. */
  #claim(tracked: Tracked, object: EtcdService): ReturnType<Preparer['claimOf']> | undefined {
    try {
      return this.#deps.preparer.claimOf(tracked, object);
    } catch (error) {
      if (error instanceof Refusal) {
        return undefined;
      }
      throw error;
    }
  }
}

function knownOf({ subscription }: Tracked, { address }: Question): Known {
  const readings: KeyReading[] = [];
  let omittedKeys = 0;
  for (const reading of subscription?.readings() ?? []) {
    if (address === undefined || announces(reading, address)) {
      if (readings.length < maxKeys) {
        readings.push(reading);
      } else {
        omittedKeys += 1;
      }
    }
  }
  return { readings, omittedKeys, desired: subscription?.desired().endpoints ?? [] };
}

function announces({ reading, standIns }: KeyReading, address: string): boolean {
  return (
    reading.items.some((item) => item.kind === 'instance' && item.instance.address === address) ||
    standIns.some((endpoint) => endpoint.address === address)
  );
}

function notLeading(replica: string, leader: Leader | undefined, { namespace, name }: Question): string {
  return leader === undefined
    ? `Replica ${replica} stands by, and no leader is known: nobody publishes now`
    : `Replica ${replica} stands by; ${leader.identity} leads. Ask there: kubectl exec ${leader.identity} -- etcd-endpoints explain -n ${namespace} ${name}`;
}

function serviceOf({ metadata, status }: EtcdService): Pick<Explanation, 'service'> {
  const name = status?.serviceName;
  return name === undefined ? {} : { service: `${metadata.namespace}/${name}` };
}

function lastWriteOf({ lastWrite }: Tracked): Pick<Explanation, 'lastWrite'> {
  return lastWrite === undefined
    ? {}
    : { lastWrite: { at: timeText(lastWrite.at), revision: String(lastWrite.revision) } };
}
