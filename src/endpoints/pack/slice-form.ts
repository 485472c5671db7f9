import type { EndpointSlice, EndpointSliceEndpoint } from '../../kube/resources.ts';
import { latestDeadline } from '../deadline.ts';
import { annotations, labels, managerName } from '../labels.ts';
import { hasMarks, type Marks, marksOf } from '../marks.ts';
import type { DesiredEndpoint } from '../types.ts';
import type { Draft } from './draft.ts';
import type { Group } from './group.ts';
import { type Style, says, styleOf, toSliceEndpoint } from './slice-endpoint.ts';
import type { SlicesWish } from './types.ts';
import { weightsText } from './weights.ts';

/** How the slices of one Service are written. */
export class SliceForm {
  readonly #wish: SlicesWish;
  readonly #style: Style;

  /** `endpoints` are those that will be published, over all slices. */
  constructor(wish: SlicesWish, endpoints: readonly DesiredEndpoint[]) {
    this.#wish = wish;
    this.#style = styleOf(wish, endpoints);
  }

  /** Whether a slice's endpoint of that address says already what it should. */
  says(held: EndpointSliceEndpoint, endpoint: DesiredEndpoint): boolean {
    return says(held, endpoint, this.#style);
  }

  /** Whether a slice that holds these endpoints of a group has the labels, annotations and owners that it should. */
  hasMarks(slice: EndpointSlice, group: Group, endpoints: readonly DesiredEndpoint[]): boolean {
    const marks = this.#marksOf(slice, group, endpoints);
    return hasMarks(slice.metadata, marks, this.#wish.ownerReferences);
  }

  /** The slice that a draft is to become; `name` is that of its slice, or a new one. */
  write({ group, slice, endpoints }: Draft, name: string): EndpointSlice {
    const { namespace, ownerReferences } = this.#wish;
    return {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: {
        ...slice?.metadata,
        namespace,
        name,
        ...this.#marksOf(slice, group, endpoints),
        ownerReferences,
      },
      addressType: group.family,
      endpoints: endpoints.map((endpoint) => toSliceEndpoint(endpoint, this.#style)),
      ports: group.ports,
    };
  }

  #marksOf(slice: EndpointSlice | undefined, group: Group, endpoints: readonly DesiredEndpoint[]): Marks {
    const { name, etcdService, serviceLabels, headless } = this.#wish;
    return marksOf(
      {
        serviceLabels,
        headless,
        instanceLabels: group.labels,
        labels: {
          [labels.etcdService]: etcdService,
          [labels.serviceName]: name,
          [labels.sliceManagedBy]: managerName,
        },
        annotations: {
          [annotations.drainingUntil]: latestDeadline(endpoints),
          [annotations.weights]: weightsText(endpoints),
        },
      },
      slice?.metadata,
    );
  }
}
