import type { EtcdService } from '../../api/etcd-service.ts';
import type { ControllerConfig } from '../../config/controller-options.ts';
import type { KubeWriter } from '../../kube/types.ts';
import type { AssemblyDeps } from '../assemble.ts';
import { countedQueue } from '../queue/counted-queue.ts';
import type { WorkQueue } from '../queue/work-queue.ts';
import type { Recorder } from '../recorder.ts';
import { Registries } from './registries.ts';
import { RegistryKeeper } from './registry-keeper.ts';
import { registryNameOf } from './registry-name.ts';
import { connectRegistryTriggers } from './registry-triggers.ts';

/** Of one EtcdRegistry: its Secrets change in twos and threes. */
const minIntervalMs = 100;

export interface RegistryAssemblyDeps extends AssemblyDeps {
  /** Of EtcdServices. */
  readonly queue: WorkQueue;
  readonly writer: KubeWriter;
  readonly recorder: Recorder;
}

export interface RegistryAssembly {
  readonly registryQueue: WorkQueue;
  readonly registryKeeper: RegistryKeeper;
  /** Which registry an EtcdService may use, and how. */
  readonly registryUses: Registries;
  /** The EtcdServices that name a registry. */
  readonly servicesOf: (registry: string) => Iterable<EtcdService>;
  /** Ends what triggers wait for. */
  readonly endTriggers: () => void;
}

/** Puts together what keeps registries and their statuses. */
export function assembleRegistries(config: ControllerConfig, deps: RegistryAssemblyDeps): RegistryAssembly {
  const { clock, leadership, kubernetes, registries, queue, writer, recorder } = deps;
  const { pool, own, caches, objects, serviceAddresses, ownNamespace } = registries;
  const registryQueue = countedQueue({ kind: 'etcdRegistry', minIntervalMs }, deps);
  const registryKeeper = new RegistryKeeper({
    objects,
    secrets: caches.secrets,
    ownNamespace,
    pool,
    reader: kubernetes.client,
    writer,
    clock,
    limits: config.etcdLimits,
    rangesKnown: () => serviceAddresses.known,
    leads: () => leadership.term?.state === 'active',
    changed: (name) => registryQueue.add(name, 'high'),
    told: (object, connected) => recorder.registryTold(object, ownNamespace, connected),
  });
  const registryUses = new Registries({
    objects: caches.etcdRegistries,
    namespaces: caches.namespaces,
    pool,
    own,
    ownNamespace,
    allowedPrefixes: config.allowedPrefixes,
    guard: config.guard,
    serviceAddresses,
  });
  const { etcdServices } = kubernetes.caches;
  const byRegistry = etcdServices.index((object) => [registryNameOf(object)]);
  const endTriggers = connectRegistryTriggers({
    queue,
    registryQueue,
    pool,
    caches,
    serviceAddresses,
    etcdServices,
    byRegistry,
    byNamespace: etcdServices.index(({ metadata: { namespace = '' } }) => [namespace]),
    staleMs: config.staleMs,
    clock,
    isStarted: () => kubernetes.whyNotSynced() === undefined,
  });
  return {
    registryQueue,
    registryKeeper,
    registryUses,
    servicesOf: (name) => byRegistry.get(name),
    endTriggers,
  };
}
