import type { EndpointSlice } from '../../kube/resources.ts';
import { labels } from '../labels.ts';
import { keyOfSlice } from './group.ts';

/**
 * How few slices could hold what these hold: the measure for the packing, which trades slices for writes. A Service without endpoints keeps
 * its one empty slice.
 */
export function perfectPacking(slices: Iterable<EndpointSlice>, maxEndpoints: number): number {
  const services = Map.groupBy(slices, serviceOf);
  let fewest = 0;
  for (const own of services.values()) {
    fewest += Math.max(1, fewestOf(own, maxEndpoints));
  }
  return fewest;
}

function serviceOf({ metadata }: EndpointSlice): string {
  return `${metadata.namespace}/${metadata.labels?.[labels.serviceName]}`;
}

function fewestOf(slices: readonly EndpointSlice[], maxEndpoints: number): number {
  const groups = Map.groupBy(slices, (slice) => `${slice.addressType} ${keyOfSlice(slice)}`);
  let fewest = 0;
  for (const group of groups.values()) {
    const endpoints = group.reduce((sum, slice) => sum + (slice.endpoints?.length ?? 0), 0);
    fewest += Math.ceil(endpoints / maxEndpoints);
  }
  return fewest;
}
