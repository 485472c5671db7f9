import { familiesOf } from '../../endpoints/families.ts';
import { labels, managerName } from '../../endpoints/labels.ts';
import { fromSlices } from '../../endpoints/pack/from-slices.ts';
import { planSlices } from '../../endpoints/pack/plan-slices.ts';
import type { SlicesWish } from '../../endpoints/pack/types.ts';
import { isHeadless } from '../../endpoints/plan-service.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import { codeOf, RetryableError } from '../../errors.ts';
import { ENDPOINT_SLICES, type EndpointSlice, type Service } from '../../kube/resources.ts';
import { type KubeObject, type KubeReader, type KubeWriter, objectKey } from '../../kube/types.ts';
import type { Claim } from '../claims/claim.ts';
import { controlledBy, isPublishedBy } from '../claims/ownership.ts';
import { Refusal } from '../status/refusal.ts';
import type { OwnWrites } from './own-writes.ts';
import { together } from './together.ts';

/** Who mirrors Endpoints into slices. What it makes carries the labels of the Endpoints, ours among them. */
const mirroringManager = 'endpointslicemirroring-controller.k8s.io';

export interface SlicesKeeperDeps {
  /** Found by the Service that they name, as `namespace/name`, and by {@link controlledBy}. */
  readonly slices: OwnWrites<EndpointSlice>;
  readonly reader: KubeReader;
  readonly writer: KubeWriter;
  /** The most endpoints of one slice. */
  readonly maxEndpoints: number;
}

/** Keeps our EndpointSlices of a Service equal to what is desired, with the fewest writes. Slices of others are not touched. */
export class SlicesKeeper {
  readonly #deps: SlicesKeeperDeps;

  constructor(deps: SlicesKeeperDeps) {
    this.#deps = deps;
  }

  /** Our slices of the Service, whichever of its claimants has made them. One that is being deleted stands no more. */
  standing(claim: Claim): readonly EndpointSlice[] {
    return this.#ours(claim).filter((slice) => !isLeaving(slice));
  }

  /** The same, with those that somebody's finalizer keeps from going. */
  #ours(claim: Claim): readonly EndpointSlice[] {
    return this.#deps.slices.by(claim.key).filter((slice) => isOurs(claim, slice));
  }

  /** The slices in which this very EtcdService has published. */
  own(claim: Claim): readonly EndpointSlice[] {
    return this.standing(claim).filter((slice) => isPublishedBy(slice, claim.object.metadata));
  }

  /**
   * Writes what differs and says whether anything did. In the order of the plan an address that moves between slices is at no moment missing,
   * wherever this ends halfway.
   */
  async ensure(claim: Claim, service: Service, endpoints: readonly DesiredEndpoint[]): Promise<boolean> {
    const ours = this.#ours(claim);
    const standing = ours.filter((slice) => !isLeaving(slice));
    const namesTaken = ours.filter(isLeaving).map(({ metadata }) => metadata.name);
    const wish = { ...wishOf(claim, service, endpoints, this.#deps.maxEndpoints), namesTaken };
    const { creates, updates, deletes } = planSlices(wish, standing);
    await together(creates.map((slice) => this.#create(claim, slice)));
    for (const slice of updates) {
      await this.#update(claim, slice);
    }
    await this.#delete(claim, deletes);
    return creates.length + updates.length + deletes.length > 0;
  }

  /** Deletes our slices of the Service. */
  async remove(claim: Claim): Promise<void> {
    await this.#delete(claim, this.standing(claim));
  }

  /** Deletes slices of this EtcdService that name another Service, since somebody has written that into the label: they serve nobody. */
  async removeStrays(claim: Claim): Promise<void> {
    const own = this.#deps.slices.by(controlledBy(claim.object.metadata.uid));
    await this.#delete(
      claim,
      own.filter((slice) => serviceOf(slice) !== claim.key && !isLeaving(slice)),
    );
  }

  /** What Kubernetes has mirrored from the Endpoints of the Service, asked now. */
  async mirrored(claim: Claim): Promise<readonly DesiredEndpoint[]> {
    return fromSlices(await this.#list(claim, `,${labels.sliceManagedBy}=${mirroringManager}`));
  }

  /**
   * Asks for what stands now, where our cache may be behind: it counts from then on, and need not wait for the watch. All our slices are looked at:
   * what one has lost meanwhile may have gone to another, or have come from one that is gone.
   */
  async lookAgain(claim: Claim): Promise<void> {
    const { slices, reader } = this.#deps;
    const listed = await this.#list(claim, `,${labels.sliceManagedBy}=${managerName}`);
    const names = new Set(listed.map(({ metadata }) => metadata.name));
    const missing = slices.by(claim.key).filter(({ metadata }) => !names.has(metadata.name));
    await together(
      missing.map(async (known) => {
        const found = await reader.get(ENDPOINT_SLICES, known.metadata.name, claim.namespace);
        slices.rememberFound(known, found);
      }),
    );
    for (const slice of listed) {
      this.#remember(slice);
    }
  }

  #list({ namespace, serviceName }: Claim, more: string): Promise<readonly EndpointSlice[]> {
    const labelSelector = `${labels.serviceName}=${serviceName}${more}`;
    return this.#deps.reader.list(ENDPOINT_SLICES, { namespace, labelSelector });
  }

  async #create(claim: Claim, slice: EndpointSlice): Promise<void> {
    claim.assertSameTerm();
    try {
      await this.#write('create', slice);
    } catch (error) {
      if (codeOf(error) !== 'KUBE_ALREADY_EXISTS') {
        throw error;
      }
      await this.#meet(claim, slice);
      throw new RetryableError(
        'SLICE_APPEARED',
        `EndpointSlice ${objectKey(slice.metadata)} exists, though it was not seen yet`,
        { subject: objectKey(slice.metadata), cause: error },
      );
    }
  }

  /** The name is taken by a slice that our cache does not show: somebody else's, or ours that has lost its labels. */
  async #meet(claim: Claim, { metadata }: EndpointSlice): Promise<void> {
    const slice = await this.#deps.reader.get(ENDPOINT_SLICES, metadata.name, claim.namespace);
    if (slice === undefined) {
      return;
    }
    if (!isOurs(claim, slice)) {
      throw new Refusal(
        'SlicesTaken',
        `EndpointSlice ${objectKey(metadata)} is somebody else's, and Service ${claim.key} needs its name`,
      );
    }
    if (serviceOf(slice) === claim.key) {
      this.#remember(slice);
    } else {
      await this.#delete(claim, [slice]);
    }
  }

  #update(claim: Claim, slice: EndpointSlice): Promise<void> {
    return this.#change(claim, () => this.#write('update', slice));
  }

  async #write(action: 'create' | 'update', slice: EndpointSlice): Promise<void> {
    const { slices, writer } = this.#deps;
    await slices.write(objectKey(slice.metadata), () => writer[action](ENDPOINT_SLICES, slice));
  }

  async #delete(claim: Claim, slices: readonly EndpointSlice[]): Promise<void> {
    await together(
      slices.map((slice) =>
        this.#change(claim, async () => {
          await this.#deps.writer.delete(ENDPOINT_SLICES, slice.metadata);
          this.#deps.slices.rememberDeleted(objectKey(slice.metadata), slice);
        }),
      ),
    );
  }

  /** A change of a slice as we know it. Where that is not how it stands, we look again, and the next try plans anew. */
  async #change(claim: Claim, write: () => Promise<void>): Promise<void> {
    claim.assertSameTerm();
    try {
      await write();
    } catch (error) {
      if (codeOf(error) === 'KUBE_CONFLICT' || codeOf(error) === 'KUBE_NOT_FOUND') {
        await this.lookAgain(claim);
      }
      throw error;
    }
  }

  #remember(slice: EndpointSlice): void {
    this.#deps.slices.remember(objectKey(slice.metadata), slice);
  }
}

/** The values that slices are found by. */
export function valuesOfSlice(slice: EndpointSlice): readonly string[] {
  const controller = slice.metadata.ownerReferences?.find((owner) => owner.controller === true);
  const service = serviceOf(slice);
  return [
    ...(service === undefined ? [] : [service]),
    ...(controller === undefined ? [] : [controlledBy(controller.uid)]),
  ];
}

/** The key of the Service that a slice names. */
export function serviceOf({ metadata }: KubeObject): string | undefined {
  const name = metadata.labels?.[labels.serviceName];
  return name === undefined ? undefined : objectKey({ ...metadata, name });
}

/** Whether Kubernetes has made a slice from Endpoints. */
export function isMirrored({ metadata }: EndpointSlice): boolean {
  return metadata.labels?.[labels.sliceManagedBy] === mirroringManager;
}

function isLeaving({ metadata }: EndpointSlice): boolean {
  return metadata.deletionTimestamp !== undefined;
}

function isOurs(claim: Claim, slice: EndpointSlice): boolean {
  return !isMirrored(slice) && claim.isOurs(slice);
}

function wishOf(
  claim: Claim,
  service: Service,
  endpoints: readonly DesiredEndpoint[],
  maxEndpoints: number,
): SlicesWish {
  return {
    namespace: claim.namespace,
    name: claim.serviceName,
    etcdService: claim.object.metadata.name,
    serviceLabels: service.metadata.labels ?? {},
    headless: isHeadless(service),
    publishNotReadyAddresses: service.spec?.publishNotReadyAddresses === true,
    zoneHints: claim.spec.topology?.hints === 'Zone',
    ownerReferences: claim.owners,
    endpoints,
    maxEndpoints,
    families: familiesOf(service),
  };
}
