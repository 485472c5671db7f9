/** Why a Service cannot be what an EtcdService asks for. Each throws, or returns, what says so and what to do. */
import { isExternalName } from '../../endpoints/convert-service.ts';
import { familiesOf } from '../../endpoints/families.ts';
import { isHeadless } from '../../endpoints/plan-service.ts';
import { RetryableError } from '../../errors.ts';
import type { Service } from '../../kube/resources.ts';
import type { Claim } from '../claims/claim.ts';
import { Refusal } from '../status/refusal.ts';

/** Throws where a Service that stands cannot be filled from outside, or not now. */
export function refuseUnfillable(claim: Claim, service: Service): void {
  if (isExternalName(service)) {
    refuseUnconvertible(claim, service);
  }
  if (Object.keys(service.spec?.selector ?? {}).length > 0) {
    throw new Refusal(
      'ServiceHasSelector',
      `Service ${claim.key} has a selector, so Kubernetes fills it itself; remove the selector or name another Service`,
    );
  }
  const controller = service.metadata.ownerReferences?.find((owner) => owner.controller === true);
  if (claim.spec.service.creationPolicy === 'Adopt' && controller !== undefined && !claim.isOurs(service)) {
    const { kind, name } = controller;
    throw new Refusal(
      'ServiceNotOurs',
      `Service ${claim.key} is controlled by ${kind} ${name} and cannot be adopted`,
    );
  }
  if (service.metadata.deletionTimestamp !== undefined) {
    throw new RetryableError('SERVICE_TERMINATING', `Service ${claim.key} is being deleted`, {
      subject: claim.key,
    });
  }
}

/** An ExternalName is converted once: somebody who makes it one again, such as a GitOps tool, is not fought. */
function refuseUnconvertible(claim: Claim, service: Service): void {
  if (claim.isOurs(service)) {
    throw new Refusal(
      'ServiceIsExternalName',
      `Service ${claim.key} has been made an ExternalName again; change its type where that is written, or delete the Service`,
    );
  }
  if (claim.spec.service.creationPolicy !== 'Adopt') {
    throw new Refusal(
      'ServiceIsExternalName',
      `Service ${claim.key} is an ExternalName and has no endpoints; creationPolicy Adopt would change its type`,
    );
  }
}

/** Servers before 1.25 let the type be changed, but no server a Service's cluster IP. */
export function refuseRetyped(claim: Claim, service: Service): void {
  const wantsHeadless = claim.spec.service.type === 'Headless';
  if (isHeadless(service) === wantsHeadless) {
    return;
  }
  throw new Refusal(
    'InvalidSpec',
    `spec.service.type cannot be changed: Service ${claim.key} ${wantsHeadless ? 'has a cluster IP' : 'is headless'}; delete the EtcdService and create it again instead`,
  );
}

/** A Service keeps its first cluster IP and with it its first family. An old server that knows none gives it the only one it has. */
export function refuseOtherFamily(claim: Claim, service: Service): void {
  const [wanted] = claim.spec.service.ipFamilies ?? [];
  const [first] = familiesOf(service);
  if (wanted === undefined || first === wanted) {
    return;
  }
  throw new Refusal(
    'InvalidSpec',
    `spec.service.ipFamilies cannot begin with ${wanted}: the first family of Service ${claim.key} is ${first}; delete the EtcdService and create it again instead`,
  );
}

export function absent(claim: Claim): Refusal {
  return new Refusal(
    'ServiceNotFound',
    `Service ${claim.key} does not exist and creationPolicy Never leaves it to you to create it`,
  );
}

export function appeared(claim: Claim): RetryableError {
  return new RetryableError('SERVICE_APPEARED', `Service ${claim.key} exists, though it was not seen yet`, {
    subject: claim.key,
  });
}
