import type { EndpointsAddress, EndpointsPort, EndpointsSubset } from '../kube/resources.ts';
import { portKey, portSetKey } from './match-ports.ts';
import { fromKubePort } from './ports.ts';
import type { DesiredEndpoint, EndpointPort } from './types.ts';

/** The most addresses that one Endpoints object may hold (kubernetes.md 2.3). */
export const maxAddresses = 1000;

export interface Subsets {
  readonly subsets: readonly EndpointsSubset[];
  /** Whether addresses were left out because there are more than one object may hold. */
  readonly truncated: boolean;
}

/** Groups endpoints into subsets by their ports, ready and not ready apart; beyond `limit` ready ones are kept first. */
export function toSubsets(endpoints: readonly DesiredEndpoint[], limit = maxAddresses): Subsets {
  const kept = truncate(endpoints, limit);
  const groups = Map.groupBy(kept, (endpoint) => portSetKey(endpoint.ports));
  const addresses = addressesOf(kept);
  const subsets = [...groups.values()].map((group) => toSubset(group, addresses));
  return { subsets, truncated: kept.length < endpoints.length };
}

/** Drops not ready endpoints before ready ones, from each port set its proportional share, as Kubernetes's own controller does. */
function truncate(endpoints: readonly DesiredEndpoint[], limit: number): readonly DesiredEndpoint[] {
  if (endpoints.length <= limit) {
    return endpoints;
  }
  const ready = endpoints.filter((endpoint) => endpoint.ready);
  if (ready.length >= limit) {
    return proportional(ready, limit);
  }
  const notReady = endpoints.filter((endpoint) => !endpoint.ready);
  return [...ready, ...proportional(notReady, limit - ready.length)];
}

function proportional(endpoints: readonly DesiredEndpoint[], limit: number): readonly DesiredEndpoint[] {
  const groups = [...Map.groupBy(endpoints, (endpoint) => portSetKey(endpoint.ports)).values()];
  const shares = groups.map((group) => Math.floor((group.length * limit) / endpoints.length));
  let left = limit - shares.reduce((sum, share) => sum + share, 0);
  return groups.flatMap((group, index) => {
    const share = shares[index] ?? 0;
    const extra = left > 0 && share < group.length ? 1 : 0;
    left -= extra;
    return group.slice(0, share + extra);
  });
}

/** One form of each address, also where it stands in several subsets: the apiserver keeps one of several when it repacks them. */
function addressesOf(endpoints: readonly DesiredEndpoint[]): ReadonlyMap<string, EndpointsAddress> {
  const found = new Map<string, EndpointsAddress>();
  for (const endpoint of endpoints) {
    const ip = endpoint.address;
    found.set(ip, { ip, ...namesOf(endpoint), ...found.get(ip) });
  }
  return found;
}

interface Names {
  readonly hostname?: string;
  readonly nodeName?: string;
}

function namesOf({ hostname, nodeName }: Names): Names {
  return {
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
  };
}

function toSubset(
  group: readonly DesiredEndpoint[],
  addresses: ReadonlyMap<string, EndpointsAddress>,
): EndpointsSubset {
  const [ready, notReady] = [true, false].map((isReady) =>
    group
      .filter((endpoint) => endpoint.ready === isReady)
      .map(({ address }) => addresses.get(address) ?? { ip: address }),
  );
  const ports = (group[0]?.ports ?? []).map(toSubsetPort);
  return {
    ...(ready?.length ? { addresses: ready } : {}),
    ...(notReady?.length ? { notReadyAddresses: notReady } : {}),
    ...(ports.length > 0 ? { ports } : {}),
  };
}

function toSubsetPort({ name, port, protocol, appProtocol }: EndpointPort): EndpointsPort {
  return {
    ...(name === '' ? {} : { name }),
    port,
    protocol,
    ...(appProtocol === undefined ? {} : { appProtocol }),
  };
}

/**
 * Whether two lists of subsets say the same. The apiserver repacks subsets on every write (an address with two ports may come back in
 * two subsets), so they are compared by what they mean: which address serves which port by which names, ready or not.
 */
export function sameSubsets(a: readonly EndpointsSubset[], b: readonly EndpointsSubset[]): boolean {
  const left = meaning(a);
  const right = meaning(b);
  return left.size === right.size && [...left].every(([id, ready]) => right.get(id) === ready);
}

function meaning(subsets: readonly EndpointsSubset[]): Map<string, boolean> {
  const served = new Map<string, boolean>();
  for (const { address, hostname = '', nodeName = '', ports, ready } of fromSubsets(subsets)) {
    const keys = ports.length === 0 ? [''] : ports.map(portKey);
    for (const key of keys) {
      const id = `${address}|${hostname}|${nodeName}|${key}`;
      served.set(id, ready || served.get(id) === true);
    }
  }
  return served;
}

/** Whether every address and port of `wanted` is served in `served`, ready where it is ready. */
export function covers(served: readonly DesiredEndpoint[], wanted: readonly DesiredEndpoint[]): boolean {
  const named = (endpoints: readonly DesiredEndpoint[], ready: boolean): Set<string> =>
    new Set(endpoints.filter((endpoint) => endpoint.ready || !ready).flatMap(namedPortsOf));
  return [true, false].every((ready) => named(wanted, ready).isSubsetOf(named(served, ready)));
}

function namedPortsOf({ address, ports }: DesiredEndpoint): readonly string[] {
  return ports.length === 0
    ? [address]
    : ports.map(({ name, port, protocol }) => `${address}|${name}|${port}|${protocol}`);
}

/** The endpoints that subsets hold, one per subset and address. */
export function fromSubsets(subsets: readonly EndpointsSubset[]): DesiredEndpoint[] {
  return subsets.flatMap(({ addresses = [], notReadyAddresses = [], ports = [] }) => {
    const own = ports.map(fromKubePort);
    const endpoint =
      (ready: boolean) =>
      (address: EndpointsAddress): DesiredEndpoint => ({
        address: address.ip,
        ports: own,
        ready,
        ...namesOf(address),
      });
    return [...addresses.map(endpoint(true)), ...notReadyAddresses.map(endpoint(false))];
  });
}
