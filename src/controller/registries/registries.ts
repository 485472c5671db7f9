import type { EtcdRegistry, EtcdRegistrySpec } from '../../api/etcd-registry.ts';
import type { EtcdServiceSpec } from '../../api/etcd-service.ts';
import { type Parsed, parseRegistrySpec, problemsText } from '../../api/parse.ts';
import { type AllowedPrefix, isWithin, mayRead } from '../../config/allowed-prefix.ts';
import type { RegistryLimits } from '../../endpoints/guard/limits.ts';
import { hasCode, RetryableError } from '../../errors.ts';
import type { RegistrySource } from '../../etcd/types.ts';
import { type AddressMatcher, cidrMatcher } from '../../formats/cidr.ts';
import { type Rejection, rejected } from '../../formats/rejection.ts';
import { belowRoot, rangeOf } from '../../formats/source.ts';
import type { Namespace } from '../../kube/resources.ts';
import type { WatchedCache } from '../../kube/types.ts';
import { accessOf, needsLabels } from '../../registries/grants.ts';
import type { RegistryPool } from '../../registries/pool.ts';
import type { Registry } from '../../registries/registry.ts';
import { compileZones, type ZoneOf } from '../../registries/zones.ts';
import { Refusal } from '../status/refusal.ts';

/** A registry as one EtcdService may use it. */
export interface RegistryUse {
  /** `default` for that of `--etcd`. */
  readonly name: string;
  readonly source: RegistrySource;
  /** Put before the prefix or key that the EtcdService names. */
  readonly root: string;
  /** Compiles what is judged by address; two uses with equal `rulesId` judge alike. */
  readonly rules: () => AddressRules;
  readonly rulesId: string;
}

export interface AddressRules {
  /** Why an address may not be published; undefined where it may. */
  readonly refuses: (address: string) => Rejection | undefined;
  readonly zoneOf: ZoneOf;
}

/** It cannot be said yet what an EtcdService may use. */
export interface Pending {
  readonly pending: string;
  /** Whether that is so for a reason that time alone does not mend. */
  readonly isFailure: boolean;
}

export interface RegistriesDeps {
  readonly objects: WatchedCache<EtcdRegistry>;
  readonly namespaces: WatchedCache<Namespace>;
  readonly pool: RegistryPool;
  /** The registry of `--etcd`; undefined where there is none. */
  readonly own: Registry | undefined;
  readonly ownNamespace: string;
  /** For the registry of `--etcd`: who may read what of it. */
  readonly allowedPrefixes: readonly AllowedPrefix[];
  /** For the registry of `--etcd`, and for those that say nothing of a guard. */
  readonly guard: RegistryLimits | undefined;
  /** The addresses that Services have or may get; `version` is another whenever one may be judged differently. */
  readonly serviceAddresses: { readonly version: number; holds(address: string): boolean };
}

/** What etcd says of leases. */
export type Leases = Pick<RegistrySource, 'leaseLives' | 'leaseTime'>;

/** Whoever asks for a registry: the namespace of an EtcdService, and its spec. */
export interface Asker {
  readonly namespace: string;
  readonly spec: EtcdServiceSpec;
}

/** Which registry an EtcdService uses, and what its namespace may do there. */
export class Registries {
  readonly #deps: RegistriesDeps;
  readonly #parsed = new WeakMap<EtcdRegistry, Parsed<EtcdRegistrySpec>>();

  constructor(deps: RegistriesDeps) {
    this.#deps = deps;
  }

  /** Throws a {@link Refusal} where there is no such registry, or it is not for this EtcdService. */
  of(asker: Asker): RegistryUse | Pending {
    const { registryRef } = asker.spec;
    return registryRef === undefined ? this.#own(asker) : this.#named(registryRef.name, asker);
  }

  /** The registry of that name, or that of `--etcd`, for one who asks what it holds. Throws a {@link Refusal} where there is none. */
  sourceOf(name: string | undefined): Omit<RegistryUse, 'rules' | 'rulesId'> | Pending {
    if (name === undefined) {
      const { name: own, mirror } = this.#ownRegistry();
      return { name: own, source: mirror, root: '' };
    }
    const object = this.#objectOf(name);
    if ('pending' in object) {
      return object;
    }
    return { name, source: this.#deps.pool.obtain(name).mirror, root: this.#specOf(object).root };
  }

  /** When removals in a whole registry are held; undefined: never. */
  guardOf(name: string): RegistryLimits | undefined {
    const object = this.#deps.objects.get(name);
    const parsed = object && this.#parse(object);
    const guard = parsed !== undefined && 'ok' in parsed ? parsed.ok.guard : undefined;
    return guard === undefined ? this.#deps.guard : guardOf(guard);
  }

  /** The leases of whatever registry has that name when it is asked; rejects while none has. */
  leasesOf(name: string): Leases {
    const source = (): RegistrySource => {
      const registry = this.#deps.pool.get(name);
      if (registry === undefined) {
        throw new RetryableError('REGISTRY_CLOSED', `the registry ${name} is not followed`, {
          subject: name,
        });
      }
      return registry.mirror;
    };
    return {
      leaseLives: async (lease) => await source().leaseLives(lease),
      leaseTime: async (lease) => await source().leaseTime(lease),
    };
  }

  #own({ namespace, spec }: Asker): RegistryUse {
    const { allowedPrefixes } = this.#deps;
    const own = this.#ownRegistry();
    if (!mayRead(allowedPrefixes, namespace, rangeOf(spec))) {
      throw new Refusal(
        'PrefixNotAllowed',
        `Namespace ${namespace} may not read ${named(spec)}; see --allowed-prefix`,
      );
    }
    return {
      name: own.name,
      source: own.mirror,
      root: '',
      rules: () => this.#rules(namespace, undefined, undefined),
      rulesId: this.#rulesId('', undefined),
    };
  }

  #named(name: string, asker: Asker): RegistryUse | Pending {
    const object = this.#objectOf(name);
    if ('pending' in object) {
      return object;
    }
    const spec = this.#specOf(object);
    if (!isWithin(spec.root, rangeOf(belowRoot(spec.root, asker.spec)))) {
      throw new Refusal(
        'PrefixNotAllowed',
        `The root of EtcdRegistry ${name} ends in a letter or digit: what is below it must go on with a slash, unlike ${named(asker.spec)}`,
      );
    }
    const cidrs = this.#grantedCidrs(name, spec, asker);
    if (cidrs !== undefined && 'pending' in cidrs) {
      return cidrs;
    }
    return {
      name,
      source: this.#deps.pool.obtain(name).mirror,
      root: spec.root,
      rules: () => this.#rules(asker.namespace, cidrs, spec.zones),
      rulesId: this.#rulesId(JSON.stringify([name, cidrs, spec.zones]), spec.root),
    };
  }

  #ownRegistry(): Registry {
    const { own } = this.#deps;
    if (own === undefined) {
      throw new Refusal(
        'RegistryNotFound',
        'The controller has no registry of its own (--etcd); name one in spec.registryRef',
      );
    }
    return own;
  }

  #objectOf(name: string): EtcdRegistry | Pending {
    const { objects } = this.#deps;
    if (!objects.synced) {
      return pendingOn('EtcdRegistries', objects, '; the chart grants it with registries.enabled=true');
    }
    const object = objects.get(name);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) {
      throw new Refusal('RegistryNotFound', `There is no EtcdRegistry ${name}`);
    }
    return object;
  }

  #specOf(object: EtcdRegistry): EtcdRegistrySpec {
    const parsed = this.#parse(object);
    if ('problems' in parsed) {
      const why = problemsText(parsed.problems);
      throw new Refusal('RegistryUnusable', `EtcdRegistry ${object.metadata.name} is not valid: ${why}`);
    }
    return parsed.ok;
  }

  #parse(object: EtcdRegistry): Parsed<EtcdRegistrySpec> {
    const parsed = this.#parsed.get(object) ?? parseRegistrySpec(object);
    this.#parsed.set(object, parsed);
    return parsed;
  }

  /** The ranges that addresses must lie in; undefined: any. */
  #grantedCidrs(
    name: string,
    { grants }: EtcdRegistrySpec,
    { namespace, spec }: Asker,
  ): readonly string[] | Pending | undefined {
    const { namespaces, ownNamespace } = this.#deps;
    if (needsLabels(grants)) {
      namespaces.start();
    }
    const seen = namespaces.synced ? namespaces.get(namespace) : undefined;
    // One that has not been seen may have labels: a watch can bring an EtcdService before its namespace.
    const labels = seen && (seen.metadata.labels ?? {});
    const access = accessOf(grants, { namespace, labels, range: rangeOf(spec) }, ownNamespace);
    switch (access.kind) {
      case 'granted':
        return access.cidrs;
      case 'unknown':
        return namespaces.synced
          ? { pending: `Namespace ${namespace} has not been seen yet`, isFailure: false }
          : pendingOn('Namespaces', namespaces);
      case 'not-granted':
        throw new Refusal(
          'RegistryNotGranted',
          `EtcdRegistry ${name} has no grant for namespace ${namespace}`,
        );
      case 'outside':
        throw new Refusal(
          'PrefixNotAllowed',
          `EtcdRegistry ${name} grants namespace ${namespace} ${access.prefixes.map((prefix) => JSON.stringify(prefix)).join(', ')}, which ${named(spec)} is not within`,
        );
    }
  }

  #rules(
    namespace: string,
    cidrs: readonly string[] | undefined,
    zones: EtcdRegistrySpec['zones'],
  ): AddressRules {
    const { serviceAddresses } = this.#deps;
    const isGranted: AddressMatcher = cidrs === undefined ? () => true : cidrMatcher(cidrs);
    return {
      refuses(address) {
        if (serviceAddresses.holds(address)) {
          return rejected('InServiceRange', `${address} is an address that Kubernetes gives to Services`);
        }
        return isGranted(address)
          ? undefined
          : rejected('AddressNotGranted', `the registry does not grant ${address} to namespace ${namespace}`);
      },
      zoneOf: compileZones(zones),
    };
  }

  #rulesId(rules: string, root: string | undefined): string {
    return `${this.#deps.serviceAddresses.version} ${JSON.stringify(root ?? '')} ${rules}`;
  }
}

function guardOf({
  enabled,
  maxRemovalPercent,
  ignoreBelow,
  windowSeconds,
  holdSeconds,
}: NonNullable<EtcdRegistrySpec['guard']>): RegistryLimits | undefined {
  return enabled
    ? { maxRemovalPercent, ignoreBelow, windowMs: windowSeconds * 1000, holdMs: holdSeconds * 1000 }
    : undefined;
}

/** `remedy` is said where the right to list them is missing. */
function pendingOn(what: string, { problem }: { readonly problem: Error | undefined }, remedy = ''): Pending {
  const why =
    problem === undefined ? '' : `: ${problem.message}${hasCode(problem, 'KUBE_FORBIDDEN') ? remedy : ''}`;
  return { pending: `${what} have not been listed yet${why}`, isFailure: problem !== undefined };
}

function named({ prefix, key }: EtcdServiceSpec): string {
  return JSON.stringify(prefix ?? key);
}
