import { isExternalName } from '../../endpoints/convert-service.ts';
import type { Desired } from '../../endpoints/desired.ts';
import type { DesiredEndpoint } from '../../endpoints/types.ts';
import type { Service } from '../../kube/resources.ts';
import { giveWay } from '../../pace.ts';
import type { Prepared, Preparer } from '../preparing.ts';
import type { Publication, Publisher } from './publisher.ts';
import type { ServiceKeeper } from './service-keeper.ts';
import { refuseUnserved, servingOf } from './serving.ts';

/** What was decided to be published. */
export interface Decided {
  readonly desired: Desired;
  readonly endpoints: readonly DesiredEndpoint[];
}

export interface BringDeps {
  readonly preparer: Pick<Preparer, 'read'>;
  readonly services: Pick<ServiceKeeper, 'ensure' | 'adopt'>;
  readonly publisher: Pick<Publisher, 'ensure' | 'takeOver'>;
}

/** How it is decided, and how what was decided is brought to the Service, by whoever has to know of it. */
export interface BringSteps<Decision extends Decided> {
  readonly decide: () => Promise<Decision>;
  readonly ensure: (service: Service, decision: Decision) => Promise<Publication>;
}

/**
 * From a decision to objects, in the order that leaves no client without a backend: the Service where it is ours, then its endpoints, then what others
 * have in their place. The controller and `plan` do the same here.
 */
export async function bring<Decision extends Decided>(
  prepared: Prepared,
  { preparer, services, publisher }: BringDeps,
  { decide, ensure }: BringSteps<Decision>,
): Promise<{ readonly decision: Decision; readonly publication: Publication }> {
  const { claim, existing, ports, subscription } = prepared;
  let decision = await decide();
  const service = await services.ensure(claim, existing, ports);
  if (service !== existing) {
    preparer.read(prepared, service);
  }
  if (subscription.desired() !== decision.desired) {
    decision = await decide();
  }
  if (existing !== undefined && isExternalName(existing)) {
    refuseUnserved(servingOf(service, decision.endpoints), `Service ${claim.key} gets endpoints`);
  }
  await giveWay(decision.endpoints.length);
  const publication = await ensure(service, decision);
  await publisher.takeOver(claim, service);
  const adopted = await services.adopt(claim, service);
  if (adopted === service) {
    return { decision, publication };
  }
  const again = await publisher.ensure(claim, adopted, decision.endpoints);
  // What was an ExternalName has its families from now on.
  preparer.read(prepared, adopted);
  const isLast = subscription.desired() === decision.desired;
  return { decision, publication: isLast ? again : { ...again, lookAgainMs: 0 } };
}
