import type { PublishKind } from '../../api/etcd-service.ts';
import { familyOf } from '../../endpoints/families.ts';
import { labels } from '../../endpoints/labels.ts';
import { fromSlices } from '../../endpoints/pack/from-slices.ts';
import { fromEndpoints } from '../../endpoints/plan-endpoints.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { HolderOf } from '../../explain/chain.ts';
import type { EndpointSlice, Endpoints, Service } from '../../kube/resources.ts';
import { giveWay } from '../../pace.ts';
import type { Claim } from '../claims/claim.ts';
import { isPublishedBy } from '../claims/ownership.ts';
import { Refusal } from '../status/refusal.ts';
import { type EndpointsKeeper, type EndpointsWrite, endpointsWish } from './endpoints-keeper.ts';
import type { ForeignSlices } from './foreign-slices.ts';
import type { NodeNames } from './node-names.ts';
import { type Serving, servingOf } from './serving.ts';
import type { SlicesHandBack } from './slices-hand-back.ts';
import type { SlicesKeeper } from './slices-keeper.ts';
import type { Strangers } from './strangers.ts';
import { together } from './together.ts';

/** What a publication has changed, for log line, Event and metrics. */
export interface Write {
  readonly action: 'create' | 'update' | 'adopt';
  /** What was published before. */
  readonly before: readonly DesiredEndpoint[];
  /** Whether the Endpoints hold only a part, because one object cannot hold more. */
  readonly truncated: boolean;
}

export interface Publication {
  /** Undefined where nothing had to be written. */
  readonly write: Write | undefined;
  /** After how many milliseconds the publication has to be looked at again; undefined where it is complete. */
  readonly lookAgainMs: number | undefined;
}

export interface PublisherDeps {
  readonly endpoints: EndpointsKeeper;
  readonly slices: SlicesKeeper;
  readonly foreignSlices: ForeignSlices;
  readonly handBack: SlicesHandBack;
  readonly strangers: Pick<Strangers, 'mayHave'>;
  /** The kinds to publish in where spec.publish names none. */
  readonly kinds: readonly PublishKind[];
  /** Whether the apiserver serves EndpointSlices. */
  readonly servesSlices: () => Promise<boolean>;
  /** Undefined: what is published names no Nodes. */
  readonly nodeNames: NodeNames | undefined;
  /** Told of Endpoints that were deleted because EndpointSlices alone are asked for. */
  readonly endpointsRemoved: (claim: Claim) => void;
}

/** The objects in which an EtcdService has published: its slices, and its Endpoints where these say more. */
interface Own {
  readonly slices: readonly EndpointSlice[];
  readonly endpoints: Endpoints | undefined;
}

/** One publication under way. */
interface Task {
  readonly claim: Claim;
  readonly service: Service;
  readonly endpoints: readonly DesiredEndpoint[];
  /** The Endpoints that stand under the name, ours or such that may become ours. */
  readonly existing: Endpoints | undefined;
}

interface Done {
  readonly endpoints?: EndpointsWrite | undefined;
  readonly slices?: boolean;
  readonly lookAgainMs?: number | undefined;
}

/**
 * Publishes the endpoints of an EtcdService in the kinds that it asks for: Endpoints, EndpointSlices or both. Readers of either kind see at
 * no moment an address missing that is alive, also while the kinds change: what Kubernetes mirrors from Endpoints goes when ours stands, and ours
 * goes when the mirrored stands.
 */
export class Publisher {
  readonly #deps: PublisherDeps;

  constructor(deps: PublisherDeps) {
    this.#deps = deps;
  }

  /**
   * What this very EtcdService has published, as opposed to another one that held the name before: in slices, which say more, and in
   * Endpoints that Kubernetes may mirror, which is all of it until the slices are complete.
   */
  published(claim: Claim): readonly DesiredEndpoint[] {
    return endpointsIn(this.#own(claim));
  }

  #own(claim: Claim): Own {
    const slices = this.#deps.slices.own(claim);
    const endpoints = this.#deps.endpoints.standing(claim);
    const isOwn = endpoints !== undefined && isPublishedBy(endpoints, claim.object.metadata);
    const isAllInSlices = slices.length > 0 && isOwn && skipsMirror(endpoints);
    return { slices, endpoints: isOwn && !isAllInSlices ? endpoints : undefined };
  }

  /** Has {@link published} say what stands in Kubernetes now, however far its caches are behind. */
  async lookAgain(claim: Claim): Promise<void> {
    const { endpoints, slices, servesSlices } = this.#deps;
    const keepers = (await servesSlices()) ? [endpoints, slices] : [endpoints];
    await together(keepers.map((keeper) => keeper.lookAgain(claim)));
  }

  /** Our objects of the Service, with what each holds. */
  holders(claim: Claim): readonly HolderOf[] {
    const endpoints = this.#deps.endpoints.standing(claim);
    const isOwn = endpoints !== undefined && isPublishedBy(endpoints, claim.object.metadata);
    const slices = this.#deps.slices.standing(claim).map((slice) => ({
      holder: { kind: 'EndpointSlice' as const, name: slice.metadata.name },
      endpoints: fromSlices([slice]),
    }));
    const holder = { kind: 'Endpoints' as const, name: claim.serviceName };
    return isOwn ? [...slices, { holder, endpoints: fromEndpoints(endpoints) }] : slices;
  }

  /** Makes Kubernetes hold these endpoints with the fewest writes. Refused where somebody else fills the Service. */
  async ensure(claim: Claim, service: Service, wished: readonly DesiredEndpoint[]): Promise<Publication> {
    const { nodeNames } = this.#deps;
    const endpoints = nodeNames === undefined ? wished : nodeNames.name(wished);
    const kinds = await this.#kindsOf(claim);
    const serving = servingOf(service, endpoints);
    const existing = await this.#existing(claim, service, serving, kinds);
    if (existing !== undefined) {
      this.#refuseTaken(claim, existing, serving, kinds);
    }
    const own = this.#own(claim);
    await this.#deps.slices.removeStrays(claim);
    const done = await this.#publish({ claim, service, endpoints, existing }, kinds);
    return { write: writeOf(done, () => endpointsBefore(own, existing)), lookAgainMs: done.lookAgainMs };
  }

  /**
   * Under creationPolicy Adopt, takes what others fill a Service with out of the way. To be called when what {@link ensure} has published stands,
   * and before the Service is marked as ours: until then it is tried again.
   */
  async takeOver(claim: Claim, service: Service): Promise<void> {
    const isTaken = claim.spec.service.creationPolicy === 'Adopt' && !claim.isOurs(service);
    if (isTaken && (await this.#kindsOf(claim)).includes('EndpointSlice')) {
      await this.#deps.foreignSlices.takeOver(claim, service);
    }
  }

  async #kindsOf({ spec, key }: Claim): Promise<readonly PublishKind[]> {
    const kinds = spec.publish ?? this.#deps.kinds;
    if (!kinds.includes('EndpointSlice') || (await this.#deps.servesSlices())) {
      return kinds;
    }
    if (!kinds.includes('Endpoints')) {
      throw new Refusal(
        'SlicesNotServed',
        `Service ${key} is to have EndpointSlices alone, and this cluster does not serve discovery.k8s.io/v1; let spec.publish name Endpoints`,
      );
    }
    return ['Endpoints'];
  }

  /** The Endpoints that stand under the name. Before anything of ours stands, it is asked who else may fill the Service. */
  async #existing(
    claim: Claim,
    service: Service,
    serving: Serving,
    kinds: readonly PublishKind[],
  ): Promise<Endpoints | undefined> {
    const { endpoints, slices, foreignSlices, strangers, servesSlices } = this.#deps;
    const standing = endpoints.standing(claim);
    if (standing !== undefined || slices.standing(claim).length > 0) {
      return standing;
    }
    const isOurs = claim.isOurs(service);
    if (!isOurs && (await servesSlices()) && (await strangers.mayHave('slices', claim))) {
      await foreignSlices.refuseFilled(claim, service, serving, kinds.includes('EndpointSlice'));
    }
    // Endpoints alone meet others when they are created; slices would stand beside them by then.
    const mayMeet = !isOurs || kinds.includes('EndpointSlice');
    return mayMeet && (await strangers.mayHave('endpoints', claim)) ? endpoints.look(claim) : undefined;
  }

  #refuseTaken(claim: Claim, existing: Endpoints, serving: Serving, kinds: readonly PublishKind[]): void {
    const { endpoints } = this.#deps;
    if (kinds.includes('Endpoints')) {
      endpoints.refuseTaken(claim, existing, serving);
    } else if (!endpoints.isFree(claim, existing)) {
      throw new Refusal(
        'EndpointsTaken',
        `Endpoints ${claim.key} are filled by somebody else, and Kubernetes mirrors them into slices beside ours; delete them, or adopt them by publishing Endpoints too`,
      );
    }
  }

  #publish(task: Task, kinds: readonly PublishKind[]): Promise<Done> {
    if (!kinds.includes('EndpointSlice')) {
      return this.#publishEndpoints(task);
    }
    this.#deps.handBack.forget(task.claim.key);
    return kinds.includes('Endpoints') ? this.#publishBoth(task) : this.#publishSlices(task);
  }

  /** Once Kubernetes mirrors nothing, because our slices stand, both kinds are written at the same time; before that, slices come first. */
  async #publishBoth(task: Task): Promise<Done> {
    const { claim, existing } = task;
    const slicesStand = this.#deps.slices.standing(claim).length > 0;
    const slices = this.#writeSlices(task);
    if (!slicesStand || existing === undefined || !skipsMirror(existing)) {
      await slices;
    }
    const endpoints = this.#writeEndpoints(task, { besideSlices: true });
    await together<unknown>([slices, endpoints]);
    return { slices: await slices, endpoints: await endpoints };
  }

  async #publishSlices(task: Task): Promise<Done> {
    const { claim, existing } = task;
    const slices = await this.#writeSlices(task);
    if (existing !== undefined && claim.isOurs(existing)) {
      await this.#deps.endpoints.remove(claim, existing);
      this.#deps.endpointsRemoved(claim);
    }
    return { slices };
  }

  /** Slices of ours that still stand are kept current until Kubernetes has mirrored the Endpoints. */
  async #publishEndpoints(task: Task): Promise<Done> {
    const { claim } = task;
    const { slices: keeper, endpoints: endpointsKeeper, handBack } = this.#deps;
    if (keeper.standing(claim).length === 0) {
      handBack.forget(claim.key);
      return { endpoints: await this.#writeEndpoints(task, { besideSlices: false }) };
    }
    const slices = this.#writeSlices(task);
    const endpoints = this.#writeEndpoints(task, { besideSlices: false });
    await together<unknown>([slices, endpoints]);
    const written = endpointsKeeper.standing(claim);
    return {
      slices: await slices,
      endpoints: await endpoints,
      lookAgainMs: written && (await handBack.proceed(claim, written)),
    };
  }

  #writeSlices({ claim, service, endpoints }: Task): Promise<boolean> {
    return this.#deps.slices.ensure(claim, service, endpoints);
  }

  /**
   * Beside slices, Endpoints hold the first of the Service's families, as Kubernetes's own do. Alone they hold all of them: Kubernetes
   * mirrors them into slices of each.
   */
  async #writeEndpoints(
    { claim, service, endpoints, existing }: Task,
    { besideSlices }: { readonly besideSlices: boolean },
  ): Promise<EndpointsWrite | undefined> {
    await giveWay(endpoints.length);
    const first = besideSlices ? service.spec?.ipFamilies?.[0] : undefined;
    const held = endpoints.filter(({ address }) => first === undefined || familyOf(address) === first);
    const wish = endpointsWish(claim, service, held, besideSlices);
    return await this.#deps.endpoints.ensure(claim, wish, existing);
  }
}

function skipsMirror({ metadata }: Endpoints): boolean {
  return metadata.labels?.[labels.skipMirror] === 'true';
}

function endpointsIn({ slices, endpoints }: Own): readonly DesiredEndpoint[] {
  const inSlices = fromSlices(slices);
  if (endpoints === undefined) {
    return inSlices;
  }
  const addresses = new Set(inSlices.map(({ address }) => address));
  return [...inSlices, ...fromEndpoints(endpoints).filter(({ address }) => !addresses.has(address))];
}

/** What was published before, by us or by whoever has filled the Endpoints that become ours. */
function endpointsBefore(own: Own, existing: Endpoints | undefined): readonly DesiredEndpoint[] {
  const published = endpointsIn(own);
  return published.length > 0 || existing === undefined ? published : fromEndpoints(existing);
}

/** `earlier` is asked only where something was written: it reads all that was published. */
function writeOf({ endpoints, slices }: Done, earlier: () => readonly DesiredEndpoint[]): Write | undefined {
  if (endpoints === undefined && slices !== true) {
    return undefined;
  }
  const before = earlier();
  const action = endpoints?.action ?? (before.length === 0 ? 'create' : 'update');
  return { action, before, truncated: endpoints?.truncated ?? false };
}
