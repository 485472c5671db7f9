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

/** What else somebody may have made for a Service, or of its name. */
export type Kind = 'service' | 'endpoints' | 'slices';

export interface StrangersDeps {
  readonly reader: KubeReader;
  readonly clock: Clock;
}

/** What has been found in a namespace. */
interface Survey {
  readonly begunAt: number;
  /** The Services for which there is something of somebody else. */
  readonly found: Promise<ReadonlySet<ObjectKey>>;
}

interface Round {
  asked: number;
  survey: Survey | undefined;
}

/**
 * Says where nobody else has a hand in a Service, without a look at each: where many are to be filled for the first time, all objects of that kind in the
 * namespace that are not marked as ours are listed once, by name.
 */
export class Strangers {
  readonly #deps: StrangersDeps;
  /** By kind and namespace. */
  readonly #rounds = new Map<string, Round>();

  constructor(deps: StrangersDeps) {
    this.#deps = deps;
  }

  /**
   * Whether there may be something of somebody else; then it is looked at before it counts. What was made before the EtcdService came is always told;
   * what is made in the same moment, no look could tell. Slices are to be asked for only where the apiserver serves them.
   */
  async mayHave(kind: Kind, { key, namespace, trackedSince }: Claim): Promise<boolean> {
    const round = this.#round(kind, namespace);
    round.asked += 1;
    if (round.asked > few) {
      round.survey ??= { begunAt: this.#deps.clock.monotonic(), found: this.#look(kind, namespace, round) };
    }
    const { survey } = round;
    return survey === undefined || survey.begunAt < trackedSince || (await survey.found).has(key);
  }

  #round(kind: Kind, namespace: string): Round {
    const id = `${kind} ${namespace}`;
    const known = this.#rounds.get(id);
    if (known !== undefined) {
      return known;
    }
    const round: Round = { asked: 0, survey: undefined };
    this.#rounds.set(id, round);
    this.#deps.clock.schedule(roundMs, () => this.#rounds.delete(id));
    return round;
  }

  /** What failed is not kept: everybody is looked at again. */
  async #look(kind: Kind, namespace: string, round: Round): Promise<ReadonlySet<ObjectKey>> {
    try {
      return await this.#survey(kind, namespace);
    } catch (error) {
      round.asked = 0;
      round.survey = undefined;
      throw error;
    }
  }

  #survey(kind: Kind, namespace: string): Promise<ReadonlySet<ObjectKey>> {
    switch (kind) {
      case 'service':
        return this.#list(SERVICES, namespace, unlabelled);
      case 'endpoints':
        return this.#list(ENDPOINTS, namespace, unlabelled);
      case 'slices':
        return this.#list(ENDPOINT_SLICES, namespace, notManaged, serviceOf);
    }
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
