import { labels } from '../../endpoints/labels.ts';
import { ENDPOINT_SLICES, type EndpointSlice, type Service } from '../../kube/resources.ts';
import type { KubeReader, KubeWriter } from '../../kube/types.ts';
import type { Claim } from '../claims/claim.ts';
import { Refusal } from '../status/refusal.ts';
import { refuseUnserved, type Serving } from './serving.ts';
import { isMirrored } from './slices-keeper.ts';
import { together } from './together.ts';

export interface ForeignSlicesDeps {
  readonly reader: KubeReader;
  readonly writer: KubeWriter;
  /** Told of slices of others that were deleted, because ours stand in their place. */
  readonly removed: (claim: Claim, slices: readonly EndpointSlice[]) => void;
}

/** EndpointSlices that somebody else fills a Service with, and that no Endpoints stand for. They are not followed, but asked for when they matter. */
export class ForeignSlices {
  readonly #deps: ForeignSlicesDeps;

  constructor(deps: ForeignSlicesDeps) {
    this.#deps = deps;
  }

  /** Refused where slices of somebody else fill the Service, unless they can be taken over. `inSlices`: ours are to stand in their place. */
  async refuseFilled(claim: Claim, service: Service, serving: Serving, inSlices: boolean): Promise<void> {
    const filling = (await this.#list(claim)).filter(({ endpoints }) => (endpoints?.length ?? 0) > 0);
    for (const { metadata } of filling) {
      if (claim.spec.service.creationPolicy !== 'Adopt' || !inSlices) {
        const how = inSlices ? 'set creationPolicy Adopt' : 'let spec.publish name EndpointSlice';
        throw new Refusal(
          'EndpointsTaken',
          `Service ${claim.key} is filled by EndpointSlice ${metadata.name}; to take it over, ${how}`,
        );
      }
      refuseControlled(claim, service, metadata);
    }
    if (filling.length > 0) {
      refuseUnserved(serving, `EndpointSlices of Service ${claim.key} are taken over`);
    }
  }

  /** Deletes the slices of others, to be called when ours stand. Those of another controller stay: it would only make them again. */
  async takeOver(claim: Claim, service: Service): Promise<void> {
    const slices = (await this.#list(claim)).filter(
      ({ metadata }) => metadata.deletionTimestamp === undefined && !otherController(service, metadata),
    );
    await together(
      slices.map(async ({ metadata }) => {
        claim.assertSameTerm();
        await this.#deps.writer.delete(ENDPOINT_SLICES, metadata);
      }),
    );
    if (slices.length > 0) {
      this.#deps.removed(claim, slices);
    }
  }

  async #list(claim: Claim): Promise<readonly EndpointSlice[]> {
    const { namespace, serviceName } = claim;
    const labelSelector = `${labels.serviceName}=${serviceName}`;
    const all = await this.#deps.reader.list(ENDPOINT_SLICES, { namespace, labelSelector });
    return all.filter((slice) => !isMirrored(slice) && !claim.isOurs(slice));
  }
}

/**
 * Who controls a slice and may write it any moment. The Service itself does not: Kubernetes has made such a slice for a selector that the
 * Service has lost since, and looks after it no more.
 */
function otherController(service: Service, { ownerReferences = [] }: EndpointSlice['metadata']) {
  return ownerReferences.find((owner) => owner.controller === true && owner.uid !== service.metadata.uid);
}

function refuseControlled(claim: Claim, service: Service, metadata: EndpointSlice['metadata']): void {
  const controller = otherController(service, metadata);
  if (controller !== undefined) {
    throw new Refusal(
      'EndpointsTaken',
      `Service ${claim.key} is filled by EndpointSlice ${metadata.name}, which ${controller.kind} ${controller.name} controls`,
    );
  }
}
