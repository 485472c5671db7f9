import { type Clock, sleep } from '../clock.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import { messageOf } from '../errors.ts';
import { renewFromFiles } from '../etcd/client/renew-from-files.ts';
import { RenewableClient } from '../etcd/client/renewable-client.ts';
import { Election } from '../etcd/election/election.ts';
import { defaultElectionName } from '../etcd/election/election-name.ts';
import type { ElectionObserver } from '../etcd/election/election-types.ts';
import { LeaseElector } from '../kube/lease-elector.ts';
import { NAMESPACES } from '../kube/resources.ts';
import type { KubeClient, KubeObject } from '../kube/types.ts';
import type { Elector } from '../leadership/elector.ts';
import { countCall } from '../telemetry/edge-metrics.ts';
import type { Logger } from '../telemetry/logging.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { logFileNews } from './log-file-news.ts';
import { userAgentOf } from './user-agent.ts';

const retryMs = 5000;
/** A term lasts seconds: a member that is silent is not waited for as long as a list may take. */
const hasty = { callTimeoutMs: 2000, connectTimeoutMs: 2000 };

export interface ElectionDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly kubernetes: { readonly client: KubeClient };
  /** Is told why this replica cannot stand for election yet. */
  readonly notOpen: (problem: string) => void;
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
  const { where, name } = config.election;
  if (where === 'off') {
    return undefined;
  }
  if (where === 'kubernetes') {
    return openKubernetesElection(config, namedNamespace(config, deps), deps);
  }
  if (name !== undefined) {
    return openEtcdElection(config, name, namedNamespace(config, deps), deps);
  }
  const namespace = await ownNamespace(config, deps, signal);
  if (namespace === undefined) {
    return undefined;
  }
  const standard = defaultElectionName(namespace.metadata.uid ?? '', config.election.release);
  return openEtcdElection(config, standard, namespace, deps);
}

function openEtcdElection(
  { election, electionEtcd, rereadEtcd, replica }: ControllerConfig,
  name: string,
  namespace: KubeObject,
  deps: ElectionDeps,
): OpenElection {
  const { clock, metrics } = deps;
  const log = deps.log.child({ election: name });
  const first = { ...electionEtcd, ...hasty };
  const client = RenewableClient.of(first, { clock, log });
  const reread = rereadEtcd && (() => ({ ...rereadEtcd().electionEtcd, ...hasty }));
  const endRenewing = renewFromFiles(
    client,
    { first, reread },
    { clock, told: logFileNews(log, 'election') },
  );
  const options = { name, identity: replica, ttlSeconds: election.ttlMs / 1000 };
  const elector = new Election(client, options, { clock, log, observer: electionMetrics(metrics) });
  return {
    name,
    elector,
    namespace,
    async close() {
      endRenewing();
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

function ownNamespaceName({ election }: ControllerConfig, { kubernetes }: ElectionDeps): string {
  return election.namespace ?? kubernetes.client.namespace;
}

/** The own namespace as far as it is known without reading it, which needs a right that not everybody grants: an Event can do without its UID. */
function namedNamespace(config: ControllerConfig, deps: ElectionDeps): KubeObject {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name: ownNamespaceName(config, deps) } };
}

/** The namespace that the controller runs in. Tries until it can be read, and tells why it cannot. Undefined when stopped. */
async function ownNamespace(
  config: ControllerConfig,
  deps: ElectionDeps,
  signal: AbortSignal,
): Promise<KubeObject | undefined> {
  const { kubernetes, clock, log } = deps;
  const name = ownNamespaceName(config, deps);
  while (!signal.aborted) {
    try {
      const own: KubeObject | undefined = await kubernetes.client.get(NAMESPACES, name);
      if (own !== undefined) {
        return own;
      }
      deps.notOpen(`the own namespace ${name} does not exist; set --own-namespace`);
      log.warn({ namespace: name }, 'The own namespace does not exist; set --own-namespace');
    } catch (error) {
      deps.notOpen(`the own namespace ${name} cannot be read: ${messageOf(error)}`);
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
