import type { EtcdService } from '../../api/etcd-service.ts';
import type { EqualReason } from '../../api/reasons.ts';
import type { Clock } from '../../clock.ts';
import { isExternalName } from '../../endpoints/convert-service.ts';
import type { Desired } from '../../endpoints/desired.ts';
import { type Comparison, compareAddresses, compareEndpoints } from '../../endpoints/observe/compare.ts';
import { serviceDifferences } from '../../endpoints/observe/service-differences.ts';
import type { Service } from '../../kube/resources.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { Claim } from '../claims/claim.ts';
import type { Prepared } from '../preparing.ts';
import type { ServiceKeeper } from '../publish/service-keeper.ts';
import { Refusal } from '../status/refusal.ts';
import type { Finding } from '../status/status.ts';
import type { Tracked } from '../tracked.ts';
import { findStanding, type Standing, type StandingDeps } from './standing.ts';

/** How often what is not watched is looked at, and how often at the most where etcd changes. */
const lookEveryMs = 30_000;
const lookAtMostEveryMs = 5000;
/** Ten looks a second at the most, however many EtcdServices are observed. */
const lookEachMs = 100;
/**
 * A difference counts against the condition when it has stood for so long: another tool that follows the same registry is a moment before or
 * after us at each change, and would never be equal for a week.
 */
const graceMs = 30_000;

/** How what stands differs from what would be published. */
export interface Observed {
  readonly desired: Desired;
  /** Undefined where it is not known what stands. */
  readonly comparison: Comparison | undefined;
  /** What of the Service itself differs, or forbids to publish, for people. */
  readonly service: readonly string[];
  /** Undefined: the condition stays as it is. */
  readonly equal: Finding<EqualReason> | undefined;
}

export interface Observation {
  readonly observed: Observed;
  /** When it has to be looked again though nothing is heard of. */
  readonly lookAgainMs: number;
}

/** Monotonic milliseconds. */
interface Look {
  readonly standing: Standing;
  readonly service: Service | undefined;
  readonly at: number;
}

export interface ObserverDeps extends StandingDeps {
  readonly services: ServiceKeeper;
  readonly clock: Clock;
}

/** Compares, for EtcdServices of mode Observe, what stands with what would be published. Writes nothing. */
export class Observer {
  readonly #deps: ObserverDeps;
  readonly #looks = new Map<ObjectKey, Look>();
  /** Since when something has differed without a pause, in monotonic milliseconds. */
  readonly #differsSince = new Map<ObjectKey, number>();

  constructor(deps: ObserverDeps) {
    this.#deps = deps;
  }

  async observe({ key }: Tracked, prepared: Prepared): Promise<Observation> {
    const { claim, existing, subscription } = prepared;
    const before = this.#looks.get(key);
    const look = await this.#look(key, claim, existing);
    const desired = subscription.desired();
    const comparison = compare(look.standing, desired, existing);
    const service = this.#serviceDifferences(claim, existing);
    const told = findingOf({ standing: look.standing, comparison, service });
    const { equal, settlesInMs } = this.#settle(key, claim.object, told);
    const againMs =
      look === before
        ? look.at + lookAtMostEveryMs - this.#deps.clock.monotonic()
        : Math.max(lookEveryMs, this.#looks.size * lookEachMs);
    return {
      observed: { desired, comparison, service, equal },
      lookAgainMs: Math.max(1, Math.min(againMs, settlesInMs ?? againMs)),
    };
  }

  forget(key: ObjectKey): void {
    this.#looks.delete(key);
    this.#differsSince.delete(key);
  }

  /** What stood a moment ago, where etcd changes fast; a changed Service, which is watched, is looked at anew. */
  async #look(key: ObjectKey, claim: Claim, service: Service | undefined): Promise<Look> {
    const { clock } = this.#deps;
    const known = this.#looks.get(key);
    if (
      known !== undefined &&
      known.service === service &&
      clock.monotonic() - known.at < lookAtMostEveryMs
    ) {
      return known;
    }
    const standing = await findStanding(claim, service, this.#deps);
    const look = { standing, service, at: clock.monotonic() };
    this.#looks.set(key, look);
    return look;
  }

  /** Publishing is to come with creationPolicy Adopt, unless the Service is never to be made by us: what would refuse that is a difference. */
  #serviceDifferences(claim: Claim, existing: Service | undefined): readonly string[] {
    const { spec } = claim;
    const service = {
      ...spec.service,
      creationPolicy: spec.service.creationPolicy === 'Never' ? 'Never' : 'Adopt',
    } as const;
    try {
      this.#deps.services.existing({ ...claim, spec: { ...spec, service } });
    } catch (error) {
      if (error instanceof Refusal) {
        return [error.message];
      }
      throw error;
    }
    const isConverted = existing !== undefined && isExternalName(existing);
    const asked = { headless: spec.service.type === 'Headless', ports: claim.ports };
    return isConverted ? [] : serviceDifferences(existing, asked);
  }

  /** What has been equal is so until something has differed, or was not known, for a while. */
  #settle(
    key: ObjectKey,
    { status }: EtcdService,
    told: Finding<EqualReason>,
  ): { readonly equal: Finding<EqualReason> | undefined; readonly settlesInMs?: number } {
    if (told.status === 'True') {
      this.#differsSince.delete(key);
      return { equal: told };
    }
    const now = this.#deps.clock.monotonic();
    const since = this.#differsSince.get(key) ?? now;
    this.#differsSince.set(key, since);
    const settlesInMs = since + graceMs - now;
    const wasEqual = status?.conditions?.find(({ type }) => type === 'Equal')?.status === 'True';
    return wasEqual && settlesInMs > 0 ? { equal: undefined, settlesInMs } : { equal: told };
  }
}

interface Compared {
  readonly standing: Standing;
  readonly comparison: Comparison | undefined;
  readonly service: readonly string[];
}

function compare(
  standing: Standing,
  { endpoints }: Desired,
  service: Service | undefined,
): Comparison | undefined {
  switch (standing.kind) {
    case 'unknown':
      return undefined;
    case 'addresses':
      return compareAddresses(standing.addresses, endpoints);
    case 'endpoints': {
      const asReady = service?.spec?.publishNotReadyAddresses === true;
      return compareEndpoints(
        standing.endpoints,
        asReady ? endpoints.map((endpoint) => ({ ...endpoint, ready: true })) : endpoints,
      );
    }
  }
}

/** All differences together; 0 where nothing would change for clients. */
export function differencesOf(
  { missing, superfluous, different }: Comparison,
  service: readonly string[],
): number {
  return missing + superfluous + different + service.length;
}

function findingOf({ standing, comparison, service }: Compared): Finding<EqualReason> {
  if (comparison === undefined || standing.kind === 'unknown') {
    const message = standing.kind === 'unknown' ? standing.why : 'Nothing has been compared yet';
    return { status: 'Unknown', reason: 'NotCompared', message };
  }
  const { wanted, missing, superfluous, different } = comparison;
  const where = standing.kind === 'addresses' ? ` by the name ${standing.name}` : '';
  const counts = `${wanted} would be published; of what stands${where}, ${missing} are missing, ${superfluous} superfluous, ${different} different`;
  const message = service.length === 0 ? counts : `${counts}; the Service: ${service.join('; ')}`;
  return differencesOf(comparison, service) === 0
    ? { status: 'True', reason: 'Equal', message }
    : { status: 'False', reason: 'Differs', message };
}
