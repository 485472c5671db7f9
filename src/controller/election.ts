import { type Clock, sleep } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import { messageOf } from '../errors.ts';
import { EtcdClient } from '../etcd/client.ts';
import { Election } from '../etcd/election.ts';
import type { ElectionObserver } from '../etcd/election-types.ts';
import { LeaseElector } from '../kube/lease-elector.ts';
import { NAMESPACES } from '../kube/resources.ts';
import type { KubeClient, KubeObject } from '../kube/types.ts';
import type { Elector } from '../leadership/elector.ts';
import { countCall } from '../telemetry/edge-metrics.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { userAgentOf } from './user-agent.ts';

/** All elections of ours in an etcd stand under this name. */
const root = '/etcd-endpoints.io/elections';
const retryMs = 5000;

export interface ElectionDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly kubernetes: { readonly client: KubeClient };
}

/** The election that this replica stands in. */
export interface OpenElection {
  readonly name: string;
  readonly elector: Elector;
  /** The namespace that the controller runs in: what Events of its terms are about. */
  readonly namespace: KubeObject;
  close(): Promise<void>;
}

/** Opens the election that the configuration asks for; undefined where there is none, or when stopped before its name is known. */
export async function openElection(
  config: ControllerConfig,
  deps: ElectionDeps,
  signal: AbortSignal,
): Promise<OpenElection | undefined> {
  if (config.election.where === 'off') return undefined;
  const namespace = await ownNamespace(config, deps, signal);
  if (namespace === undefined) return undefined;
  return config.election.where === 'etcd'
    ? openEtcdElection(config, namespace, deps)
    : openKubernetesElection(config, namespace, deps);
}

function openEtcdElection(config: ControllerConfig, namespace: KubeObject, deps: ElectionDeps): OpenElection {
  const { clock, metrics } = deps;
  const { election, etcd, replica } = config;
  const name = electionName(config, namespace);
  const log = deps.log.child({ election: name });
  const client = new EtcdClient({ ...etcd, hosts: election.hosts ?? etcd.hosts }, { clock, log });
  const options = { name, identity: replica, ttlSeconds: election.ttlMs / 1000 };
  const elector = new Election(client, options, { clock, log, observer: electionMetrics(metrics) });
  return {
    name,
    elector,
    namespace,
    async close() {
      await elector.close();
      await client.close();
    },
  };
}

/** In a Lease of the own namespace, which no other cluster can see: the release alone tells it from others there. */
function openKubernetesElection(
  { election, kubernetes, replica }: ControllerConfig,
  namespace: KubeObject,
  { clock, log, metrics }: ElectionDeps,
): OpenElection {
  const name = election.name ?? election.release;
  const own = log.child({ election: `${namespace.metadata.name}/${name}` });
  const elector = new LeaseElector(
    { ...kubernetes, userAgent: () => userAgentOf(replica) },
    { namespace: namespace.metadata.name, name, identity: replica, ttlSeconds: election.ttlMs / 1000 },
    { clock, log: own, onCall: (call) => countCall(metrics, call) },
  );
  return { name, elector, namespace, close: () => elector.close() };
}

/**
 * The default name is made of what tells this installation from all others that share the etcd: two clusters may have namespaces of one
 * name, never of one UID.
 */
export function electionName({ election }: ControllerConfig, namespace: KubeObject): string {
  return election.name ?? `${root}/${namespace.metadata.uid}-${election.release}`;
}

/** The namespace that the controller runs in. Tries until it can be read: its UID is part of the default name. Undefined when stopped. */
async function ownNamespace(
  { election }: ControllerConfig,
  { kubernetes, clock, log }: ElectionDeps,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const name = election.namespace ?? kubernetes.client.namespace;
  while (!signal.aborted) {
    try {
      const own: KubeObject | undefined = await kubernetes.client.get(NAMESPACES, name);
      if (own !== undefined) return own;
      log.warn({ namespace: name }, 'The own namespace does not exist; set --own-namespace');
    } catch (error) {
      log.warn({ namespace: name, problem: messageOf(error) }, 'Could not read the own namespace');
    }
    await sleep(clock, retryMs, signal);
  }
  return undefined;
}

function electionMetrics(metrics: Metrics): ElectionObserver {
  return {
    leaseLost: () => metrics.leaseLosses.inc(),
    obstacles(obstacles) {
      metrics.electionObstacles.reset();
      for (const [kind, those] of Map.groupBy(obstacles, (obstacle) => obstacle.kind)) {
        metrics.electionObstacles.set({ kind }, those.length);
      }
    },
  };
}
