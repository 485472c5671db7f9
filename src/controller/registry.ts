import type { Clock } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import { EtcdClient } from '../etcd/client/client.ts';
import { Mirror } from '../etcd/mirror/mirror.ts';
import { registryMetrics } from '../telemetry/edge-metrics.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Metrics } from '../telemetry/metrics.ts';

/** The registry that the controller's `--etcd` names, with its mirror. */
export interface Registry {
  readonly name: string;
  readonly mirror: Mirror;
  close(): Promise<void>;
}

/** Name of the registry of `--etcd` in metrics and logs. */
const defaultName = 'default';

export function openRegistry(
  config: ControllerConfig,
  { clock, log, metrics }: { readonly clock: Clock; readonly log: Logger; readonly metrics: Metrics },
): Registry {
  const own = log.child({ registry: defaultName });
  const client = new EtcdClient(config.etcd, { clock, log: own });
  const mirror = new Mirror(client, {
    clock,
    log: own,
    observer: registryMetrics(metrics, defaultName),
    comparePeriodMs: config.compareIntervalMs,
  });
  return {
    name: defaultName,
    mirror,
    async close() {
      await mirror.close();
      await client.close();
    },
  };
}
