import type { GuardedObject, GuardRequest, Verdict } from '../../src/controller/guard/guard-types.ts';
import { RegistryGuard } from '../../src/controller/guard/registry-guard.ts';
import type { Cause } from '../../src/endpoints/guard/account.ts';
import type { ShownHold } from '../../src/endpoints/guard/hold.ts';
import type { RegistryLimits, ServiceLimits } from '../../src/endpoints/guard/limits.ts';
import type { DesiredEndpoint } from '../../src/endpoints/types.ts';
import type { Connection } from '../../src/etcd/types.ts';
import { desiredOf } from './desired-of.ts';
import { FakeClock } from './fake-clock.ts';

const limits: RegistryLimits = {
  maxRemovalPercent: 30,
  ignoreBelow: 10,
  windowMs: 60_000,
  holdMs: 300_000,
};

/** The limits of an EtcdService whose spec asks for a guard of its own. */
export const own: ServiceLimits = {
  maxRemovalPercent: 50,
  ignoreBelow: 5,
  windowMs: 60_000,
  holdMs: 100_000,
  holdsLast: true,
};

/** What guards of registries stand on, as a test sets it, and what they ask and tell. Everything is the test's own. */
export interface GuardRig {
  readonly clock: FakeClock;
  /** Leases that live; all others are dead. */
  readonly living: Set<string>;
  /** Leases that were asked for, in that order. */
  readonly asked: string[];
  /** EtcdServices that have to be looked at again, as the guard has told. */
  readonly looked: string[];
  /** EtcdServices of {@link GuardRig.registryOf} that the guard wants compared with etcd. */
  readonly confirmed: string[];
  /** Whether the registry is there. */
  connection: Connection;
  /** All EtcdServices, as a new leader finds them. */
  objects: readonly GuardedObject[];
  /** A guard in its first term, with limits for the registry or without. */
  readonly newGuard: (registry?: RegistryLimits | 'off') => RegistryGuard;
  /** A registry of services with so many instances each, all looked at. */
  readonly registryOf: (guard: RegistryGuard, ...counts: readonly number[]) => Service[];
}

/** Where nothing has happened yet: a registry that is there, and no lease that lives. */
export function guardRig(): GuardRig {
  let seed = 0;
  const rig: GuardRig = {
    clock: new FakeClock(),
    living: new Set(),
    asked: [],
    looked: [],
    confirmed: [],
    connection: { connected: true, since: 0, sinceMonotonic: 0, error: undefined },
    objects: [],
    newGuard: (registry = limits) => {
      const guard = new RegistryGuard({
        source: {
          leaseLives: async (lease) => {
            rig.asked.push(lease);
            return rig.living.has(lease);
          },
        },
        connection: () => rig.connection,
        limits: registry === 'off' ? undefined : registry,
        clock: rig.clock,
        random: () => {
          seed += 1;
          return (seed % 97) / 97;
        },
        services: () => rig.objects,
        changed: (key) => rig.looked.push(key),
      });
      guard.during(1);
      return guard;
    },
    registryOf: (guard, ...counts) => {
      const services = counts.map(
        (count, index) => new Service(guard, `shop/s${index}`, instances(count), rig.confirmed),
      );
      for (const service of services) {
        service.look();
      }
      return services;
    },
  };
  return rig;
}

/** One EtcdService, as etcd has it and as it is published after each look. */
export class Service {
  readonly name: string;
  etcd: DesiredEndpoint[];
  published: readonly DesiredEndpoint[];
  shown: ShownHold | undefined;
  released: string | undefined;
  limits: ServiceLimits | undefined;
  cause: Cause = { kind: 'loss' };
  listedAt: number = 0;
  confirmedAt: number = 0;
  guard: RegistryGuard;
  readonly #confirmed: string[];

  /** `confirmed` gets its name whenever the guard wants it compared with etcd. */
  constructor(guard: RegistryGuard, name: string, published: DesiredEndpoint[], confirmed: string[] = []) {
    this.guard = guard;
    this.name = name;
    this.etcd = published;
    this.published = published;
    this.#confirmed = confirmed;
  }

  /** The mirror tells that only these are left, or come. */
  now(etcd: DesiredEndpoint[], cause: Cause = { kind: 'loss' }): void {
    this.etcd = etcd;
    this.cause = cause;
    this.guard.touch(this.name);
  }

  /** Has the guard judge, and publishes what it says. */
  look(): Verdict {
    const verdict = this.guard.judge(this.name, this.#request());
    this.published = [...verdict.desired.endpoints, ...verdict.held];
    if (verdict.isFinal) {
      this.shown = verdict.hold && { ...verdict.hold, held: verdict.held.length };
    }
    return verdict;
  }

  #request(): GuardRequest {
    return {
      isSpecStated: false,
      subject: {
        isSynced: true,
        desired: () => desiredOf(this.etcd),
        causes: () => () => this.cause,
        accounted: () => undefined,
        listedAt: this.listedAt,
        isConfirmedSince: (since) => this.confirmedAt >= since,
        confirm: () => this.#confirmed.push(this.name),
      },
      limits: this.limits,
      published: () => this.published,
      shown: this.shown,
      released: this.released,
    };
  }
}

let next = 0;

/** So many ready instances, with addresses that no others have. */
export function instances(count: number): DesiredEndpoint[] {
  return Array.from({ length: count }, () => {
    next += 1;
    const address = `10.${next >> 16}.${(next >> 8) & 255}.${next & 255}`;
    return { address, ports: [], ready: true };
  });
}
