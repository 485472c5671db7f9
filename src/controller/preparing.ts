import { type EtcdService, type EtcdServiceSpec, serviceNameOf } from '../api/etcd-service.ts';
import type { Clock } from '../clock.ts';
import type { DesiredEndpoint, ServicePort } from '../endpoints/types.ts';
import type { Left } from '../explain/flight-recorder.ts';
import { reasonOf } from '../explain/removal.ts';
import type { Service } from '../kube/resources.ts';
import type { Claim } from './claims/claim.ts';
import type { Claims } from './claims/claims.ts';
import { readSpec } from './claims/spec.ts';
import { type Filled, followingOf } from './follow/following.ts';
import { Subscription } from './follow/subscription.ts';
import type { ServiceKeeper } from './publish/service-keeper.ts';
import type { Pending, Registries, RegistryUse } from './registries/registries.ts';
import { Refusal } from './status/refusal.ts';
import { termGuard } from './term-guard.ts';
import type { Tracked } from './tracked.ts';

/** What stands before the first write: what is asked for, whose the name is, and what is followed for it. */
export interface Prepared {
  readonly claim: Claim;
  /** The Service as it stands. */
  readonly existing: Service | undefined;
  readonly ports: readonly ServicePort[];
  readonly portsLeftOut: number;
  readonly registry: RegistryUse;
  readonly subscription: Subscription;
}

export interface PreparerDeps {
  readonly claims: Claims;
  readonly services: ServiceKeeper;
  readonly registries: Registries;
  readonly maxValueBytes: number;
  /** Monotonic milliseconds at which the term under way began. */
  readonly leadsSince: () => number;
  /** What an EtcdService follows has changed. */
  readonly changed: (tracked: Tracked) => void;
  /** A key announces an endpoint no more. */
  readonly departed: (tracked: Tracked, endpoint: DesiredEndpoint, left: Left) => void;
  readonly clock: Clock;
}

/** Finds out what an EtcdService asks for, and follows it. Writes nothing. */
export class Preparer {
  readonly #deps: PreparerDeps;

  constructor(deps: PreparerDeps) {
    this.#deps = deps;
  }

  /** Throws a Refusal where what is asked for cannot be. */
  prepare(tracked: Tracked, object: EtcdService): Prepared | Pending {
    const { services, registries } = this.#deps;
    const claim = this.claimOf(tracked, object);
    // What cannot be filled is observed all the same: that is one of the differences.
    const existing = claim.spec.mode === 'Observe' ? services.standing(claim) : services.existing(claim);
    const filled = (): Filled => {
      const instances = tracked.subscription?.announced() ?? [];
      return { ...services.ports(claim, existing, instances), service: existing };
    };
    const first = filled();
    const registry = registries.of(claim);
    if ('pending' in registry) {
      return registry;
    }
    const subscription = this.#subscribe(tracked, claim, first, registry);
    if (claim.spec.portsFrom === undefined) {
      return { claim, existing, ports: first.ports, portsLeftOut: 0, registry, subscription };
    }
    // What was not followed before may have told ports at once.
    const { ports, leftOut } = filled();
    const prepared = { claim, existing, ports, portsLeftOut: leftOut, registry, subscription };
    this.read(prepared, existing);
    return prepared;
  }

  /** What is asked for, and for which Service. Throws a Refusal where that cannot be read. */
  claimOf(tracked: Tracked, object: EtcdService): Claim {
    const claim = this.#deps.claims.of(object, specOf(tracked, object));
    const { trackedSince } = tracked;
    return { ...claim, trackedSince, assertSameTerm: termGuard(this.#deps.leadsSince) };
  }

  /** Reads what is followed as the Service wants it that stands now: Kubernetes has chosen what the spec leaves open, such as families. */
  read({ claim, ports, portsLeftOut, registry, subscription }: Prepared, service: Service | undefined): void {
    const filled = { ports, leftOut: portsLeftOut, service };
    subscription.update(followingOf(claim, filled, registry, this.#deps.maxValueBytes));
  }

  #subscribe(tracked: Tracked, claim: Claim, filled: Filled, registry: RegistryUse): Subscription {
    const { maxValueBytes, changed, departed, clock } = this.#deps;
    const following = followingOf(claim, filled, registry, maxValueBytes);
    if (tracked.subscription === undefined) {
      tracked.subscription = new Subscription(
        following,
        () => {
          tracked.unpublishedSince ??= clock.monotonic();
          changed(tracked);
        },
        (endpoint, departure, after) =>
          departed(tracked, endpoint, { ...departure, reason: reasonOf(after) }),
      );
    } else {
      tracked.subscription.update(following);
    }
    return tracked.subscription;
  }
}

/** The spec, read once a generation. */
function specOf(tracked: Tracked, object: EtcdService): EtcdServiceSpec {
  const { generation } = object.metadata;
  if (tracked.spec === undefined || tracked.spec.generation !== generation) {
    tracked.spec = { generation, read: readSpec(object) };
  }
  const { read } = tracked.spec;
  if (read instanceof Refusal) {
    throw read;
  }
  return read;
}

/** The Service that a spec names; undefined where the spec cannot be read. */
export function serviceNameIn({ spec }: Tracked, { metadata }: EtcdService): string | undefined {
  const read = spec?.read;
  return read === undefined || read instanceof Refusal ? undefined : serviceNameOf(metadata.name, read);
}
