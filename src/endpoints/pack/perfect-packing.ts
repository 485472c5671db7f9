import type { EndpointSlice } from '../../kube/resources.ts';
import { labels } from '../labels.ts';
import { keyOfSlice } from './group.ts';

/**
 * How few slices could hold what these hold: the measure for the packing, which trades slices for writes. A Service without endpoints keeps
 * its one empty slice.
 */
export function perfectPacking(slices: Iterable<EndpointSlice>, maxEndpoints: number): number {
  let fewest = 0;
  // Namespace by namespace: names that stand in the objects are looked up faster than such that have to be made.
  for (const inNamespace of Map.groupBy(slices, ({ metadata }) => metadata.namespace).values()) {
    for (const own of Map.groupBy(inNamespace, serviceOf).values()) {
      fewest += Math.max(1, fewestOf(own, maxEndpoints));
    }
  }
  return fewest;
}

function serviceOf({ metadata }: EndpointSlice): string | undefined {
  return metadata.labels?.[labels.serviceName];
}

function fewestOf(slices: readonly EndpointSlice[], maxEndpoints: number): number {
  const [first] = slices;
  if (slices.length === 1 && first !== undefined) {
    return Math.ceil(endpointsOf(first) / maxEndpoints);
  }
  const groups = Map.groupBy(slices, (slice) => `${slice.addressType} ${keyOfSlice(slice)}`);
  let fewest = 0;
  for (const group of groups.values()) {
    const endpoints = group.reduce((sum, slice) => sum + endpointsOf(slice), 0);
    fewest += Math.ceil(endpoints / maxEndpoints);
  }
  return fewest;
}

function endpointsOf({ endpoints }: EndpointSlice): number {
  return endpoints?.length ?? 0;
}
