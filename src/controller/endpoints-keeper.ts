import { annotations, labels } from '../endpoints/labels.ts';
import { type EndpointsPlan, type EndpointsWish, planEndpoints } from '../endpoints/plan-endpoints.ts';
import { isHeadless } from '../endpoints/plan-service.ts';
import { fromSubsets } from '../endpoints/subsets.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import { codeOf } from '../errors.ts';
import { ENDPOINT_SLICES, ENDPOINTS, type Endpoints, type Service } from '../kube/resources.ts';
import type { KubeReader, KubeWriter } from '../kube/types.ts';
import type { Claim } from './claim.ts';
import type { OwnWrites } from './own-writes.ts';
import type { Write } from './publisher.ts';
import { Refusal } from './refusal.ts';

/** Longest text that is kept of an adopted object, else its labels alone; Kubernetes allows 256 KiB of annotations in all. */
const maxAdoptedFrom = 64 * 1024;

const mirroringManager = 'endpointslicemirroring-controller.k8s.io';

export interface EndpointsKeeperDeps {
  readonly endpoints: OwnWrites<Endpoints>;
  readonly reader: KubeReader;
  readonly writer: KubeWriter;
  /** Whether the apiserver serves EndpointSlices. */
  readonly servesSlices: () => Promise<boolean>;
}

/** Keeps the Endpoints of an EtcdService equal to what is desired, with the fewest writes. */
export class EndpointsKeeper {
  readonly #deps: EndpointsKeeperDeps;
  /** Services of others that were looked at and are not filled by anybody. */
  readonly #unfilled = new Set<string>();

  constructor(deps: EndpointsKeeperDeps) {
    this.#deps = deps;
  }

  /** What this very EtcdService has published, as opposed to another one that held the name before. */
  published(claim: Claim): readonly DesiredEndpoint[] {
    const existing = this.#deps.endpoints.get(claim.key);
    if (existing === undefined || !isPublishedBy(claim, existing)) {
      return [];
    }
    return fromSubsets(existing.subsets ?? []);
  }

  /** Writes what differs; undefined where nothing does. Refused where somebody else fills the Service. */
  async ensure(
    claim: Claim,
    service: Service,
    desired: readonly DesiredEndpoint[],
  ): Promise<Write | undefined> {
    const wish = wishOf(claim, service, desired);
    const existing = this.#deps.endpoints.get(claim.key);
    if (existing !== undefined) {
      return this.#write(claim, wish, existing);
    }
    if (!claim.isOurs(service)) {
      await this.#refuseFilledBySlices(claim);
      return this.#meet(claim, wish);
    }
    try {
      return await this.#carryOut(claim, planEndpoints(wish, undefined), []);
    } catch (error) {
      if (codeOf(error) !== 'KUBE_ALREADY_EXISTS') {
        throw error;
      }
      return this.#meet(claim, wish);
    }
  }

  /** Looks at Endpoints that our cache does not show: there are none, or somebody else's, or ours without our label. */
  async #meet(claim: Claim, wish: EndpointsWish): Promise<Write | undefined> {
    const existing = await this.#deps.reader.get(ENDPOINTS, claim.serviceName, claim.namespace);
    if (existing === undefined) {
      return this.#carryOut(claim, planEndpoints(wish, undefined), []);
    }
    return this.#write(claim, wish, existing);
  }

  async #write(claim: Claim, wish: EndpointsWish, existing: Endpoints): Promise<Write | undefined> {
    const before = fromSubsets(existing.subsets ?? []);
    if (claim.isOurs(existing) || (before.length === 0 && !hasOtherHand(existing))) {
      return this.#carryOut(claim, planEndpoints(wish, existing), before);
    }
    return this.#adopt(claim, wish, existing);
  }

  /** Takes over hand-written Endpoints: what they held stays readable in an annotation, and no reader sees them empty. */
  async #adopt(claim: Claim, wish: EndpointsWish, existing: Endpoints): Promise<Write | undefined> {
    if (claim.spec.service.creationPolicy !== 'Adopt') {
      throw new Refusal(
        'EndpointsTaken',
        `Endpoints ${claim.key} are filled by somebody else; set creationPolicy Adopt to take them over`,
      );
    }
    if (wish.endpoints.length === 0) {
      throw new Refusal(
        'WaitingForInstances',
        `Endpoints ${claim.key} are adopted once etcd holds an instance for them`,
      );
    }
    const controller = existing.metadata.ownerReferences?.find((owner) => owner.controller === true);
    if (controller !== undefined) {
      throw new Refusal(
        'ServiceNotOurs',
        `Endpoints ${claim.key} are controlled by ${controller.kind} ${controller.name} and cannot be adopted`,
      );
    }
    const { labels: marks = {}, annotations: notes = {} } = existing.metadata;
    const whole = JSON.stringify({ labels: marks, subsets: existing.subsets ?? [] });
    const adoptedFrom =
      whole.length <= maxAdoptedFrom ? whole : JSON.stringify({ labels: marks, isCut: true });
    const marked = {
      ...existing,
      metadata: { ...existing.metadata, annotations: { ...notes, [annotations.adoptedFrom]: adoptedFrom } },
    };
    const before = fromSubsets(existing.subsets ?? []);
    const write = await this.#carryOut(claim, planEndpoints(wish, marked), before);
    return write === undefined ? undefined : { ...write, action: 'adopt' };
  }

  async #carryOut(
    claim: Claim,
    plan: EndpointsPlan,
    before: readonly DesiredEndpoint[],
  ): Promise<Write | undefined> {
    if (plan.action === 'none') {
      return undefined;
    }
    const { writer, endpoints } = this.#deps;
    claim.assertSameTerm();
    const written = await writer[plan.action](ENDPOINTS, plan.object);
    endpoints.remember(claim.key, written);
    return { action: plan.action, before, truncated: plan.truncated };
  }

  /** A Service of somebody else may be filled by EndpointSlices that no Endpoints stand for. Looked up once. */
  async #refuseFilledBySlices(claim: Claim): Promise<void> {
    if (this.#unfilled.has(claim.key) || !(await this.#deps.servesSlices())) {
      return;
    }
    const slices = await this.#deps.reader.list(ENDPOINT_SLICES, {
      namespace: claim.namespace,
      labelSelector: `kubernetes.io/service-name=${claim.serviceName}`,
    });
    const foreign = slices.find(
      ({ metadata, endpoints }) =>
        metadata.labels?.['endpointslice.kubernetes.io/managed-by'] !== mirroringManager &&
        (endpoints?.length ?? 0) > 0,
    );
    if (foreign !== undefined) {
      throw new Refusal(
        'EndpointsTaken',
        `Service ${claim.key} is filled by EndpointSlice ${foreign.metadata.name}`,
      );
    }
    this.#unfilled.add(claim.key);
  }
}

function wishOf(claim: Claim, service: Service, desired: readonly DesiredEndpoint[]): EndpointsWish {
  return {
    namespace: claim.namespace,
    name: claim.serviceName,
    etcdService: claim.object.metadata.name,
    serviceLabels: service.metadata.labels ?? {},
    headless: isHeadless(service),
    ownerReferences: claim.owners,
    endpoints: desired,
  };
}

/** Whether the Endpoints carry the label and, where they are owned, the uid of the claim's own EtcdService. */
function isPublishedBy({ object }: Claim, { metadata }: Endpoints): boolean {
  const controller = metadata.ownerReferences?.find((owner) => owner.controller === true);
  const isNamed = metadata.labels?.[labels.etcdService] === object.metadata.name;
  return isNamed && (controller === undefined || controller.uid === object.metadata.uid);
}

/** Whether empty Endpoints are somebody's who may fill them any moment: a controller's, or those of a leader election. */
function hasOtherHand({ metadata }: Endpoints): boolean {
  return (
    metadata.ownerReferences?.some((owner) => owner.controller === true) === true ||
    metadata.labels?.[labels.endpointsManagedBy] !== undefined ||
    metadata.annotations?.['control-plane.alpha.kubernetes.io/leader'] !== undefined
  );
}
