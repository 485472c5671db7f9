import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { Service } from '../../kube/resources.ts';
import { Refusal } from '../status/refusal.ts';

/** What is to be published in the place of what somebody else has published. */
export interface Serving {
  readonly endpoints: readonly DesiredEndpoint[];
  /** Whether what is not ready is published as ready. */
  readonly publishNotReadyAddresses: boolean;
}

export function servingOf(service: Service, endpoints: readonly DesiredEndpoint[]): Serving {
  return { endpoints, publishNotReadyAddresses: service.spec?.publishNotReadyAddresses === true };
}

/** Nothing is taken over before an instance stands ready in its place: no client is to be without one. `what` begins the message. */
export function refuseUnserved({ endpoints, publishNotReadyAddresses }: Serving, what: string): void {
  if (!endpoints.some(({ ready }) => ready || publishNotReadyAddresses)) {
    throw new Refusal('WaitingForInstances', `${what} once etcd holds a ready instance`);
  }
}
