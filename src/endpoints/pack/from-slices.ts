import type { EndpointSlice, EndpointSliceEndpoint } from '../../kube/resources.ts';
import { annotations } from '../labels.ts';
import { endpointId } from '../match-ports.ts';
import { fromKubePort } from '../ports.ts';
import type { DesiredEndpoint, EndpointPort } from '../types.ts';

/**
 * The endpoints that slices hold, one for each address and port set, with readiness as the registry said it. An endpoint that stands in two
 * slices, as after a crash between the adding and the taking update, is the readier of both.
 */
export function fromSlices(slices: Iterable<EndpointSlice>): DesiredEndpoint[] {
  const found = new Map<string, DesiredEndpoint>();
  for (const slice of slices) {
    for (const endpoint of endpointsOf(slice)) {
      const id = endpointId(endpoint);
      const other = found.get(id);
      if (other === undefined || rank(endpoint) > rank(other)) {
        found.set(id, endpoint);
      }
    }
  }
  return [...found.values()];
}

function rank({ ready, drainUntil }: DesiredEndpoint): number {
  if (drainUntil !== undefined) {
    return 0;
  }
  return ready ? 2 : 1;
}

function endpointsOf(slice: EndpointSlice): readonly DesiredEndpoint[] {
  if (slice.addressType === 'FQDN') {
    return [];
  }
  const ports = (slice.ports ?? []).map(fromKubePort);
  const drainUntil = drainingUntil(slice);
  return (slice.endpoints ?? []).flatMap((endpoint) => fromSliceEndpoint(endpoint, ports, drainUntil));
}

/** The deadline of the slice's draining endpoints in wall-clock milliseconds; 0, long over, where the slice names none. */
function drainingUntil({ metadata }: EndpointSlice): number {
  return Date.parse(metadata.annotations?.[annotations.drainingUntil] ?? '') || 0;
}

function fromSliceEndpoint(
  { addresses: [address], conditions = {}, zone, nodeName, hostname }: EndpointSliceEndpoint,
  ports: readonly EndpointPort[],
  drainUntil: number,
): readonly DesiredEndpoint[] {
  if (address === undefined) {
    return [];
  }
  const { ready = true, serving = ready, terminating = false } = conditions;
  return [
    {
      address,
      ports,
      ready: serving && !terminating,
      ...(terminating ? { drainUntil } : {}),
      ...(zone === undefined ? {} : { zone }),
      ...(nodeName === undefined ? {} : { nodeName }),
      ...(hostname === undefined ? {} : { hostname }),
    },
  ];
}
