import type { EtcdService } from '../api/etcd-service.ts';
import { catalogOf } from '../catalog/marks.ts';
import type { Clock } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import { createKubeClient } from '../kube/client.ts';
import type { EndpointSlice, Endpoints, Service } from '../kube/resources.ts';
import type { KubeClient } from '../kube/types.ts';
import { countCall } from '../telemetry/edge-metrics.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { type Caches, openCaches } from './caches.ts';
import { Claims } from './claims/claims.ts';
import type { Leadership } from './leadership.ts';
import { NodeNames } from './publish/node-names.ts';
import { OwnWrites } from './publish/own-writes.ts';
import { valuesOfSlice } from './publish/slices-keeper.ts';
import { userAgentOf } from './user-agent.ts';

/** The controller's side of Kubernetes: one client, its caches and what is built on them. */
export interface Kubernetes extends Pick<Caches, 'whyNotSynced' | 'servesSlices' | 'start' | 'close'> {
  readonly client: KubeClient;
  readonly caches: Pick<Caches, 'etcdServices' | 'services' | 'slices'>;
  readonly own: {
    readonly etcdServices: OwnWrites<EtcdService>;
    readonly services: OwnWrites<Service>;
    readonly endpoints: OwnWrites<Endpoints>;
    readonly slices: OwnWrites<EndpointSlice>;
  };
  readonly claims: Claims;
  /** Undefined without `--node-names`. */
  readonly nodeNames: NodeNames | undefined;
}

export interface KubernetesDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Every write passes it. */
  readonly leadership: Leadership;
}

export function openKubernetes(
  config: ControllerConfig,
  { clock, log, metrics, leadership }: KubernetesDeps,
): Kubernetes {
  const client = createKubeClient(
    {
      ...config.kubernetes,
      userAgent: () => userAgentOf(config.replica, leadership.term?.number),
      writeGate: leadership,
    },
    {
      clock,
      log,
      onCall: (call) => countCall(metrics, call),
      onWarning: ({ text, first }) => {
        metrics.kubeWarnings.inc();
        if (first) {
          log.warn({ reason: 'KubernetesWarning', warning: text }, 'Kubernetes warns, said once');
        }
      },
    },
  );
  const caches = openCaches(client, config, { clock, log });
  const own = {
    etcdServices: new OwnWrites(caches.etcdServices, clock, catalogOf),
    services: new OwnWrites(caches.services, clock),
    endpoints: new OwnWrites(caches.endpoints, clock),
    slices: new OwnWrites(caches.slices, clock, valuesOfSlice),
  };

  return {
    client,
    caches,
    own,
    claims: new Claims(caches.etcdServices),
    nodeNames: caches.nodes && new NodeNames(caches.nodes),
    whyNotSynced: caches.whyNotSynced,
    servesSlices: caches.servesSlices,
    start: (signal) => caches.start(signal),
    async close() {
      await caches.close();
      for (const writes of Object.values(own)) {
        writes.close();
      }
      await client.close();
    },
  };
}
