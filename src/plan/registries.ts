import { defaultRegistryName, type EtcdRegistry } from '../api/etcd-registry.ts';
import { parseRegistrySpec } from '../api/parse.ts';
import type { Clock } from '../clock.ts';
import type { PlanConfig } from '../config/plan-options.ts';
import { Registries } from '../controller/registries/registries.ts';
import { addressesOf } from '../controller/registries/service-addresses.ts';
import { messageOf } from '../errors.ts';
import type { Secret } from '../kube/resources.ts';
import { etcdOptionsOf, Unconnectable } from '../registries/credentials.ts';
import { RegistryPool } from '../registries/pool.ts';
import { Registry } from '../registries/registry.ts';
import { ServiceRanges } from '../registries/service-ranges.ts';
import { FixedCache } from './fixed-cache.ts';
import type { World } from './world.ts';

const silent = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

/** The registries that are planned from. */
export interface PlanRegistries {
  readonly uses: Registries;
  /** Why a registry cannot be connected to, by its name. */
  readonly problems: ReadonlyMap<string, Error>;
  close(): Promise<void>;
}

/** Opens the registry of `--etcd` and those that the planned EtcdServices name, as the controller does. */
export async function openRegistries(
  config: PlanConfig,
  world: World,
  ownNamespace: string,
  clock: Clock,
): Promise<PlanRegistries> {
  const pool = new RegistryPool((name) => new Registry(name, { clock, log: silent }));
  const own = config.etcd && pool.obtain(defaultRegistryName);
  if (config.etcd !== undefined) {
    own?.renew(config.etcd);
  }
  const problems = new Map<string, Error>();
  for (const object of world.registries) {
    const { name } = object.metadata;
    try {
      await connect(object, pool, config, world, clock);
    } catch (error) {
      problems.set(name, error instanceof Error ? error : new Error(messageOf(error)));
    }
  }
  const uses = new Registries({
    objects: new FixedCache(world.registries),
    namespaces: new FixedCache(world.namespaces),
    pool,
    own,
    ownNamespace,
    allowedPrefixes: config.allowedPrefixes,
    guard: undefined,
    serviceAddresses: addressesOfServices(config, world),
  });
  return { uses, problems, close: () => pool.close() };
}

/** What is wrong with the spec itself is refused where the registry is used. */
async function connect(
  object: EtcdRegistry,
  pool: RegistryPool,
  { etcdLimits }: PlanConfig,
  world: World,
  clock: Clock,
): Promise<void> {
  const { name } = object.metadata;
  const parsed = parseRegistrySpec(object);
  if ('problems' in parsed) {
    return;
  }
  const { tls, userSecretRef } = parsed.ok;
  const named = [tls?.caSecretRef, tls?.certificateSecretRef, userSecretRef].flatMap(
    (ref) => ref?.name ?? [],
  );
  const secrets = new Map<string, Secret | undefined>();
  for (const secret of named) {
    secrets.set(secret, await world.secret(secret));
  }
  const secret = (wanted: string): Secret => {
    const found = secrets.get(wanted);
    if (found === undefined) {
      throw new Unconnectable(
        'SecretNotFound',
        `EtcdRegistry ${name} needs the Secret ${wanted}, which is neither in the files nor, in the own namespace, in the cluster`,
      );
    }
    return found;
  };
  const options = etcdOptionsOf({ registry: name, spec: parsed.ok, secret, now: clock.now() });
  pool.obtain(name).renew({ ...options, ...etcdLimits });
}

function addressesOfServices(config: PlanConfig, { services, serviceCidrs }: World) {
  const ranges = new ServiceRanges(() => undefined);
  ranges.setRanges('flags', config.serviceCidrs);
  ranges.setRanges(
    'ServiceCIDR',
    serviceCidrs.flatMap(({ spec }) => spec?.cidrs ?? []),
  );
  for (const service of services) {
    ranges.serviceChanged([], addressesOf(service));
  }
  return { version: 0, holds: (address: string) => ranges.holds(address) };
}
