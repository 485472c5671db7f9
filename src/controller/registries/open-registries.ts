import type { EtcdCatalog } from '../../api/etcd-catalog.ts';
import { defaultRegistryName, type EtcdRegistry } from '../../api/etcd-registry.ts';
import type { Clock } from '../../clock.ts';
import type { ControllerConfig } from '../../config/controller-options.ts';
import { RegistryPool } from '../../registries/pool.ts';
import { Registry } from '../../registries/registry.ts';
import { registryMetrics } from '../../telemetry/edge-metrics.ts';
import type { Logger } from '../../telemetry/logging.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Kubernetes } from '../kubernetes.ts';
import { OwnWrites } from '../publish/own-writes.ts';
import { openRegistryCaches, type RegistryCaches } from './registry-caches.ts';
import { ServiceAddresses } from './service-addresses.ts';

/** The etcd side of the controller: every registry that is followed, and what Kubernetes says of them. */
export interface OpenRegistries extends Pick<RegistryCaches, 'start'> {
  readonly pool: RegistryPool;
  /** The registry of `--etcd`; undefined where there is none. */
  readonly own: Registry | undefined;
  readonly caches: RegistryCaches;
  readonly objects: OwnWrites<EtcdRegistry>;
  readonly catalogs: OwnWrites<EtcdCatalog>;
  readonly serviceAddresses: ServiceAddresses;
  /** The namespace that the controller runs in, as far as it is known without reading it. */
  readonly ownNamespace: string;
  close(): Promise<void>;
}

export interface OpenRegistriesDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly kubernetes: Kubernetes;
}

/** Opens the registry of `--etcd`, and gets ready for those of EtcdRegistries. */
export function openRegistries(config: ControllerConfig, deps: OpenRegistriesDeps): OpenRegistries {
  const { clock, log, metrics, kubernetes } = deps;
  const ownNamespace = config.election.namespace ?? kubernetes.client.namespace;
  const caches = openRegistryCaches(kubernetes.client, ownNamespace, deps);
  const objects = new OwnWrites(caches.etcdRegistries, clock);
  const catalogs = new OwnWrites(caches.etcdCatalogs, clock);
  const pool = new RegistryPool(
    (name) =>
      new Registry(name, {
        clock,
        log: log.child({ registry: name }),
        observer: registryMetrics(metrics, name),
        comparePeriodMs: config.compareIntervalMs,
      }),
  );
  const own = config.etcd && pool.obtain(defaultRegistryName);
  if (config.etcd !== undefined) {
    own?.renew(config.etcd);
  }
  return {
    pool,
    own,
    caches,
    objects,
    catalogs,
    serviceAddresses: new ServiceAddresses({
      services: kubernetes.caches.services,
      serviceCidrs: caches.serviceCidrs,
      named: config.serviceCidrs,
    }),
    ownNamespace,
    start: (signal) => caches.start(signal),
    async close() {
      await pool.close();
      await caches.close();
      objects.close();
      catalogs.close();
    },
  };
}
