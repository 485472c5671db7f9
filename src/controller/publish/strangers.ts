import type { Clock } from '../../clock.ts';
import { labels, managerName } from '../../endpoints/labels.ts';
import { ENDPOINT_SLICES, ENDPOINTS, SERVICES } from '../../kube/resources.ts';
import {
  type KubeObject,
  type KubeReader,
  type ObjectKey,
  objectKey,
  type Resource,
} from '../../kube/types.ts';
import type { Claim } from '../claims/claim.ts';
import { serviceOf } from './slices-keeper.ts';

/** So many of a namespace may be asked for within a round before it is looked at as a whole: a start with many EtcdServices, not a change. */
const few = 8;
/** How long a round lasts, and what was found in it counts at most. */
const roundMs = 2000;

/** What is not ours at first sight. */
const unlabelled = `!${labels.etcdService}`;
const notManaged = `${labels.sliceManagedBy}!=${managerName}`;

/** Whether there may be objects of a Service that somebody else has made. What may be there is looked at before it counts. */
export interface MayStand {
  readonly service: boolean;
  readonly endpoints: boolean;
  readonly slices: boolean;
}

export interface StrangersDeps {
  readonly reader: KubeReader;
  readonly servesSlices: () => Promise<boolean>;
  readonly clock: Clock;
}

/** The Services of a namespace for which there is something of somebody else, by the kind of it. */
type Survey = Readonly<Record<keyof MayStand, ReadonlySet<ObjectKey>>>;

interface Round {
  asked: number;
  survey: { readonly begunAt: number; readonly found: Promise<Survey> } | undefined;
}

const unknown: MayStand = { service: true, endpoints: true, slices: true };

/**
 * Says where nobody else has a hand in a Service, without a look at each: where many are to be filled for the first time, all objects of the
 * namespace that are not marked as ours are listed once, by name.
 */
export class Strangers {
  readonly #deps: StrangersDeps;
  readonly #rounds = new Map<string, Round>();

  constructor(deps: StrangersDeps) {
    this.#deps = deps;
  }

  /** What was made before the EtcdService came is always told; what is made in the same moment, no look could tell. */
  async of({ key, namespace, trackedSince }: Claim): Promise<MayStand> {
    const round = this.#round(namespace);
    round.asked += 1;
    if (round.asked > few) {
      round.survey ??= { begunAt: this.#deps.clock.monotonic(), found: this.#look(namespace, round) };
    }
    const { survey } = round;
    if (survey === undefined || survey.begunAt < trackedSince) {
      return unknown;
    }
    const { service, endpoints, slices } = await survey.found;
    return { service: service.has(key), endpoints: endpoints.has(key), slices: slices.has(key) };
  }

  #round(namespace: string): Round {
    const known = this.#rounds.get(namespace);
    if (known !== undefined) {
      return known;
    }
    const round: Round = { asked: 0, survey: undefined };
    this.#rounds.set(namespace, round);
    this.#deps.clock.schedule(roundMs, () => this.#rounds.delete(namespace));
    return round;
  }

  /** What failed is not kept: everybody is looked at again. */
  async #look(namespace: string, round: Round): Promise<Survey> {
    try {
      return await this.#survey(namespace);
    } catch (error) {
      round.asked = 0;
      round.survey = undefined;
      throw error;
    }
  }

  async #survey(namespace: string): Promise<Survey> {
    const hasSlices = await this.#deps.servesSlices();
    const [service, endpoints, slices] = await Promise.all([
      this.#list(SERVICES, namespace, unlabelled),
      this.#list(ENDPOINTS, namespace, unlabelled),
      hasSlices ? this.#list(ENDPOINT_SLICES, namespace, notManaged, serviceOf) : new Set<ObjectKey>(),
    ]);
    return { service, endpoints, slices };
  }

  async #list(
    resource: Resource,
    namespace: string,
    labelSelector: string,
    nameOf = ({ metadata }: KubeObject): ObjectKey | undefined => objectKey(metadata),
  ): Promise<ReadonlySet<ObjectKey>> {
    const options = { namespace, labelSelector, metadataOnly: true };
    const objects = await this.#deps.reader.list(resource, options);
    return new Set(objects.flatMap((object) => nameOf(object) ?? []));
  }
}
