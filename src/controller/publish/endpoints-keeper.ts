import { annotations, labels } from '../../endpoints/labels.ts';
import {
  type EndpointsPlan,
  type EndpointsWish,
  fromEndpoints,
  planEndpoints,
} from '../../endpoints/plan-endpoints.ts';
import { isHeadless } from '../../endpoints/plan-service.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import { codeOf } from '../../errors.ts';
import { ENDPOINTS, type Endpoints, type Service } from '../../kube/resources.ts';
import type { KubeReader, KubeWriter } from '../../kube/types.ts';
import type { Claim } from '../claims/claim.ts';
import { Refusal } from '../status/refusal.ts';
import type { OwnWrites } from './own-writes.ts';
import { refuseUnserved, type Serving } from './serving.ts';

/** Longest text that is kept of an adopted object, else its labels alone; Kubernetes allows 256 KiB of annotations in all. */
const maxAdoptedFrom = 64 * 1024;

/** What was done to Endpoints. */
export interface EndpointsWrite {
  readonly action: 'create' | 'update' | 'adopt';
  /** Whether they hold only a part, because one object cannot hold more. */
  readonly truncated: boolean;
}

export interface EndpointsKeeperDeps {
  readonly endpoints: OwnWrites<Endpoints>;
  readonly reader: KubeReader;
  readonly writer: KubeWriter;
}

/** Keeps the Endpoints of an EtcdService equal to what is desired, with the fewest writes. */
export class EndpointsKeeper {
  readonly #deps: EndpointsKeeperDeps;

  constructor(deps: EndpointsKeeperDeps) {
    this.#deps = deps;
  }

  /** The Endpoints of the Service, as far as they carry our label. */
  standing(claim: Claim): Endpoints | undefined {
    return this.#deps.endpoints.get(claim.key);
  }

  /** The Endpoints of the Service, whoever wrote them, asked now. */
  look(claim: Claim): Promise<Endpoints | undefined> {
    return this.#deps.reader.get(ENDPOINTS, claim.serviceName, claim.namespace);
  }

  /** Asks for what stands now of what our cache shows, which may be behind: it counts from then on, and need not wait for the watch. */
  async lookAgain(claim: Claim): Promise<void> {
    const known = this.standing(claim);
    if (known !== undefined) {
      this.#deps.endpoints.rememberFound(known, await this.look(claim));
    }
  }

  /** Whether Endpoints may be written without more ado: they are ours, or nobody fills them. */
  isFree(claim: Claim, existing: Endpoints): boolean {
    return claim.isOurs(existing) || (fromEndpoints(existing).length === 0 && !hasOtherHand(existing));
  }

  /** Refused where somebody else fills the Endpoints, unless they can be adopted. */
  refuseTaken(claim: Claim, existing: Endpoints, serving: Serving): void {
    if (!this.isFree(claim, existing)) {
      refuseUnadoptable(claim, existing, serving);
    }
  }

  /** Writes what differs from `existing`; undefined where nothing does. Refused where somebody else fills the Endpoints. */
  async ensure(
    claim: Claim,
    wish: EndpointsWish,
    existing: Endpoints | undefined,
  ): Promise<EndpointsWrite | undefined> {
    if (existing !== undefined) {
      return this.#write(claim, wish, existing);
    }
    try {
      return await this.#carryOut(claim, planEndpoints(wish, undefined));
    } catch (error) {
      if (codeOf(error) !== 'KUBE_ALREADY_EXISTS') {
        throw error;
      }
      const unseen = await this.look(claim);
      return unseen === undefined
        ? this.#carryOut(claim, planEndpoints(wish, undefined))
        : this.#write(claim, wish, unseen);
    }
  }

  /** Deletes Endpoints that are ours. */
  async remove(claim: Claim, existing: Endpoints): Promise<void> {
    const { writer, endpoints } = this.#deps;
    await this.#change(claim, existing, async () => {
      await writer.delete(ENDPOINTS, existing.metadata);
      endpoints.rememberDeleted(claim.key, existing);
    });
  }

  #write(claim: Claim, wish: EndpointsWish, existing: Endpoints): Promise<EndpointsWrite | undefined> {
    return this.isFree(claim, existing)
      ? this.#carryOut(claim, planEndpoints(wish, existing))
      : this.#adopt(claim, wish, existing);
  }

  /** Takes over hand-written Endpoints: what they held stays readable in an annotation, and no reader sees them empty. */
  async #adopt(claim: Claim, wish: EndpointsWish, existing: Endpoints): Promise<EndpointsWrite | undefined> {
    refuseUnadoptable(claim, existing, wish);
    const { labels: marks = {}, annotations: notes = {} } = existing.metadata;
    const whole = JSON.stringify({ labels: marks, subsets: existing.subsets ?? [] });
    const adoptedFrom =
      whole.length <= maxAdoptedFrom ? whole : JSON.stringify({ labels: marks, isCut: true });
    const marked = {
      ...existing,
      metadata: { ...existing.metadata, annotations: { ...notes, [annotations.adoptedFrom]: adoptedFrom } },
    };
    const write = await this.#carryOut(claim, planEndpoints(wish, marked));
    return write === undefined ? undefined : { ...write, action: 'adopt' };
  }

  async #carryOut(claim: Claim, plan: EndpointsPlan): Promise<EndpointsWrite | undefined> {
    if (plan.action === 'none') {
      return undefined;
    }
    const { action, object, truncated } = plan;
    const { writer, endpoints } = this.#deps;
    await this.#change(claim, object, async () => {
      await endpoints.write(claim.key, () => writer[action](ENDPOINTS, object));
    });
    return { action, truncated };
  }

  /** Where our cache is behind, what stands now counts in the next try, which need not wait for the watch. */
  async #change(claim: Claim, known: Endpoints, write: () => Promise<void>): Promise<void> {
    claim.assertSameTerm();
    try {
      await write();
    } catch (error) {
      if (codeOf(error) === 'KUBE_CONFLICT') {
        this.#deps.endpoints.rememberFound(known, await this.look(claim));
      }
      throw error;
    }
  }
}

/** What Endpoints of a claim should say. */
export function endpointsWish(
  claim: Claim,
  service: Service,
  endpoints: readonly DesiredEndpoint[],
  skipMirror: boolean,
): EndpointsWish {
  return {
    namespace: claim.namespace,
    name: claim.serviceName,
    etcdService: claim.object.metadata.name,
    serviceLabels: service.metadata.labels ?? {},
    headless: isHeadless(service),
    publishNotReadyAddresses: service.spec?.publishNotReadyAddresses === true,
    skipMirror,
    ownerReferences: claim.owners,
    endpoints,
  };
}

function refuseUnadoptable(claim: Claim, existing: Endpoints, serving: Serving): void {
  if (claim.spec.service.creationPolicy !== 'Adopt') {
    throw new Refusal(
      'EndpointsTaken',
      `Endpoints ${claim.key} are filled by somebody else; set creationPolicy Adopt to take them over`,
    );
  }
  refuseUnserved(serving, `Endpoints ${claim.key} are adopted`);
  const controller = existing.metadata.ownerReferences?.find((owner) => owner.controller === true);
  if (controller !== undefined) {
    throw new Refusal(
      'ServiceNotOurs',
      `Endpoints ${claim.key} are controlled by ${controller.kind} ${controller.name} and cannot be adopted`,
    );
  }
}

/** Whether empty Endpoints are somebody's who may fill them any moment: a controller's, or those of a leader election. */
function hasOtherHand({ metadata }: Endpoints): boolean {
  return (
    metadata.ownerReferences?.some((owner) => owner.controller === true) === true ||
    metadata.labels?.[labels.endpointsManagedBy] !== undefined ||
    metadata.annotations?.['control-plane.alpha.kubernetes.io/leader'] !== undefined
  );
}
