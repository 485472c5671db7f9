import { type Desired, desiredEndpoints } from '../../src/endpoints/desired.ts';
import { endpointId } from '../../src/endpoints/match-ports.ts';
import type { DesiredEndpoint } from '../../src/endpoints/types.ts';

/** These are desired, in this order; nothing else is known of them. */
export function desiredOf(endpoints: readonly DesiredEndpoint[]): Desired {
  const byId = new Map(endpoints.map((endpoint) => [endpointId(endpoint), endpoint]));
  return { ...desiredEndpoints([], { headless: false, zoneHints: false }), endpoints, byId };
}
