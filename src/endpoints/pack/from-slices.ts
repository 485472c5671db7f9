import type { EndpointSlice } from '../../kube/resources.ts';
import { deadlineOf } from '../deadline.ts';
import { instanceLabelsOf } from '../marks.ts';
import { portSetKey } from '../match-ports.ts';
import type { DesiredEndpoint } from '../types.ts';
import { portsOfSlice } from './group.ts';
import { fromSliceEndpoint } from './slice-endpoint.ts';
import { weightsOf } from './weights.ts';

/**
 * The endpoints that slices hold, one for each address and port set. One that stands in two slices, as after a crash between the adding and
 * the taking update, is the readier of both. A draining endpoint whose slice names no deadline is past it.
 */
export function fromSlices(slices: Iterable<EndpointSlice>): DesiredEndpoint[] {
  const found = new Map<string, DesiredEndpoint>();
  for (const slice of slices) {
    if (slice.addressType !== 'FQDN') {
      collect(slice, found);
    }
  }
  return [...found.values()];
}

function collect(slice: EndpointSlice, found: Map<string, DesiredEndpoint>): void {
  const ports = portsOfSlice(slice);
  const key = portSetKey(ports);
  const drainUntil = deadlineOf(slice.metadata) ?? 0;
  const labels = instanceLabelsOf(slice.metadata);
  const weightOf = weightsOf(slice);
  for (const held of slice.endpoints ?? []) {
    const [address] = held.addresses;
    if (address !== undefined) {
      const id = `${address}|${key}`;
      const weight = weightOf(address);
      const endpoint = {
        ...fromSliceEndpoint(held, address, ports, drainUntil),
        ...(labels !== undefined && { labels }),
        ...(weight !== undefined && { weight }),
      };
      const other = found.get(id);
      if (other === undefined || rank(endpoint) > rank(other)) {
        found.set(id, endpoint);
      }
    }
  }
}

function rank({ ready, drainUntil }: DesiredEndpoint): number {
  if (drainUntil !== undefined) {
    return 0;
  }
  return ready ? 2 : 1;
}
