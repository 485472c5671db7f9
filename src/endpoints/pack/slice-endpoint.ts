import type { EndpointSliceEndpoint } from '../../kube/resources.ts';
import type { DesiredEndpoint, EndpointPort } from '../types.ts';
import type { SlicesWish } from './types.ts';

/** How the endpoints of a Service are written into its slices. */
export interface Style {
  readonly headless: boolean;
  readonly publishNotReadyAddresses: boolean;
  /** Every endpoint is meant for its own zone. */
  readonly hints: boolean;
}

/** Proxies heed hints only where every ready endpoint of the Service has one, so that a part of them would be of no use. */
export function styleOf(wish: SlicesWish, endpoints: readonly DesiredEndpoint[]): Style {
  const { headless, publishNotReadyAddresses, zoneHints } = wish;
  const hints =
    zoneHints &&
    endpoints.every(
      (endpoint) => endpoint.zone !== undefined || !isReady(endpoint, publishNotReadyAddresses),
    );
  return { headless, publishNotReadyAddresses, hints };
}

/** As Kubernetes's own controller decides it: a draining endpoint is not ready, unless the Service publishes also what is not. */
function isReady({ ready, drainUntil }: DesiredEndpoint, publishNotReadyAddresses: boolean): boolean {
  return publishNotReadyAddresses || (ready && drainUntil === undefined);
}

/** An endpoint as a slice holds it: with one address, since proxies read no second one. */
export function toSliceEndpoint(endpoint: DesiredEndpoint, style: Style): EndpointSliceEndpoint {
  const { address, ready, drainUntil, zone, nodeName, hostname } = endpoint;
  const terminating = drainUntil !== undefined;
  return {
    addresses: [address],
    conditions: {
      ready: isReady(endpoint, style.publishNotReadyAddresses),
      serving: ready || terminating,
      terminating,
    },
    ...(hostname === undefined || !style.headless ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(zone === undefined ? {} : { zone }),
    ...(zone === undefined || !style.hints ? {} : { hints: { forZones: [{ name: zone }] } }),
  };
}

/** Whether a slice's endpoint says already what {@link toSliceEndpoint} would make of one with its address; fields of others do not count. */
export function says(held: EndpointSliceEndpoint, endpoint: DesiredEndpoint, style: Style): boolean {
  const { ready, serving, terminating } = conditionsOf(held);
  const isTerminating = endpoint.drainUntil !== undefined;
  return (
    ready === isReady(endpoint, style.publishNotReadyAddresses) &&
    serving === (endpoint.ready || isTerminating) &&
    terminating === isTerminating &&
    held.zone === endpoint.zone &&
    held.nodeName === endpoint.nodeName &&
    held.hostname === (style.headless ? endpoint.hostname : undefined) &&
    held.addresses.length === 1 &&
    hasHint(held, style.hints ? endpoint.zone : undefined)
  );
}

/** What an absent condition means (Kubernetes API, discovery/v1 EndpointConditions). */
function conditionsOf({ conditions = {} }: EndpointSliceEndpoint): Required<typeof conditions> {
  const { ready = true, serving = ready, terminating = false } = conditions;
  return { ready, serving, terminating };
}

function hasHint({ hints }: EndpointSliceEndpoint, zone: string | undefined): boolean {
  const zones = hints?.forZones ?? [];
  return zone === undefined ? zones.length === 0 : zones.length === 1 && zones[0]?.name === zone;
}

/**
 * What a slice's endpoint stands for, with readiness as the registry said it. `drainUntil` is the deadline of those in the slice that
 * drain.
 */
export function fromSliceEndpoint(
  held: EndpointSliceEndpoint,
  address: string,
  ports: readonly EndpointPort[],
  drainUntil: number,
): DesiredEndpoint {
  const { zone, nodeName, hostname } = held;
  const { serving, terminating } = conditionsOf(held);
  return {
    address,
    ports,
    ready: serving && !terminating,
    ...(terminating ? { drainUntil } : {}),
    ...(zone === undefined ? {} : { zone }),
    ...(nodeName === undefined ? {} : { nodeName }),
    ...(hostname === undefined ? {} : { hostname }),
  };
}
