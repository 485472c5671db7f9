import { isExternalName } from '../../endpoints/convert-service.ts';
import { labels } from '../../endpoints/labels.ts';
import { fromSlices } from '../../endpoints/pack/from-slices.ts';
import { fromEndpoints } from '../../endpoints/plan-endpoints.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import { messageOf } from '../../errors.ts';
import { ENDPOINT_SLICES, ENDPOINTS, type Service } from '../../kube/resources.ts';
import type { KubeReader } from '../../kube/types.ts';
import type { Claim } from '../claims/claim.ts';

/** Where clients of a Service are led today, whoever says so. */
export type Standing =
  | { readonly kind: 'endpoints'; readonly endpoints: readonly DesiredEndpoint[] }
  /** By a name in DNS. */
  | { readonly kind: 'addresses'; readonly name: string; readonly addresses: readonly string[] }
  | { readonly kind: 'unknown'; readonly why: string };

export interface StandingDeps {
  readonly reader: KubeReader;
  readonly servesSlices: () => Promise<boolean>;
  /** The addresses of a name in DNS. Rejects where it has none, or nobody answers. */
  readonly resolve: (name: string) => Promise<readonly string[]>;
}

/** Asks now: what is not ours is not watched. */
export async function findStanding(
  { namespace, serviceName }: Claim,
  service: Service | undefined,
  { reader, servesSlices, resolve }: StandingDeps,
): Promise<Standing> {
  if (service !== undefined && isExternalName(service)) {
    return await findAddresses(service.spec?.externalName ?? '', resolve);
  }
  const labelSelector = `${labels.serviceName}=${serviceName}`;
  const slices = (await servesSlices())
    ? await reader.list(ENDPOINT_SLICES, { namespace, labelSelector })
    : [];
  if (slices.length > 0) {
    return { kind: 'endpoints', endpoints: fromSlices(slices) };
  }
  // Where nobody mirrors them, Endpoints are all that stands.
  const endpoints = await reader.get(ENDPOINTS, serviceName, namespace);
  return { kind: 'endpoints', endpoints: endpoints === undefined ? [] : fromEndpoints(endpoints) };
}

async function findAddresses(name: string, resolve: StandingDeps['resolve']): Promise<Standing> {
  try {
    return { kind: 'addresses', name, addresses: await resolve(name) };
  } catch (error) {
    return { kind: 'unknown', why: `the ExternalName ${name} cannot be resolved: ${messageOf(error)}` };
  }
}
