import type { EtcdCatalog } from '../../api/etcd-catalog.ts';
import { defaultRegistryName, type EtcdRegistry } from '../../api/etcd-registry.ts';
import type { Cancel, Clock } from '../../clock.ts';
import type { ControllerConfig } from '../../config/controller-options.ts';
import { renewFromFiles } from '../../etcd/client/renew-from-files.ts';
import type { EtcdOptions } from '../../etcd/options.ts';
import { RegistryPool } from '../../registries/pool.ts';
import { Registry } from '../../registries/registry.ts';
import { registryMetrics } from '../../telemetry/edge-metrics.ts';
import type { Logger } from '../../telemetry/logging.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { Kubernetes } from '../kubernetes.ts';
import { logFileNews } from '../log-file-news.ts';
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
  const endRenewing = own && config.etcd && followFiles(own, config.etcd, config.rereadEtcd, { clock, log });
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
      endRenewing?.();
      await pool.close();
      await caches.close();
      objects.close();
      catalogs.close();
    },
  };
}

/** Connects the registry of `--etcd`, and has it go on by what the files hold that options name. */
function followFiles(
  registry: Registry,
  first: EtcdOptions,
  rereadEtcd: ControllerConfig['rereadEtcd'],
  { clock, log }: Pick<OpenRegistriesDeps, 'clock' | 'log'>,
): Cancel {
  registry.renew(first);
  const reread = rereadEtcd && (() => rereadEtcd().etcd ?? first);
  return renewFromFiles(registry, { first, reread }, { clock, told: logFileNews(log, 'registry') });
}
