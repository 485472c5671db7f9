import type { Clock } from '../clock.ts';
import type { PlanConfig } from '../config/plan-options.ts';
import { createKubeClient } from '../kube/client.ts';
import type { KubeClient, KubeReader } from '../kube/types.ts';
import { packageVersion } from '../version.ts';
import { assemblePlanner } from './assemble.ts';
import { FilesReader } from './files-reader.ts';
import { objectsOf } from './manifests.ts';
import type { Plan, ServicePlan } from './outcome.ts';
import { openRegistries } from './registries.ts';
import { readWorld } from './world.ts';

const silent = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** Finds out what the controller would do. Reads Kubernetes and etcd, and writes to neither. */
export async function plan(config: PlanConfig, { clock }: { readonly clock: Clock }): Promise<Plan> {
  const objects = config.files.flatMap(objectsOf);
  const client = config.against === 'cluster' ? openCluster(config, clock) : undefined;
  try {
    const namespace = config.namespace ?? client?.namespace ?? 'default';
    const files = new FilesReader(objects, namespace);
    const ownNamespace = config.ownNamespace ?? client?.namespace ?? 'default';
    const world = await readWorld(config, { files, cluster: client, ownNamespace, now: clock.now() });
    const registries = await openRegistries(config, world, ownNamespace, clock);
    const { planner, close } = assemblePlanner(config, { world, registries, reader: client ?? files, clock });
    try {
      const signal = AbortSignal.timeout(config.timeoutMs);
      const read = await Promise.all(world.planned.map((object) => planner.read(object, signal)));
      const services: ServicePlan[] = [];
      for (const one of read) {
        services.push('subscription' in one ? await planner.plan(one) : one);
      }
      return { services, notes: world.notes };
    } finally {
      close();
      await registries.close();
    }
  } finally {
    await client?.close();
  }
}

/** Nothing but what reads: a write cannot even be asked for. */
type Cluster = KubeReader & Pick<KubeClient, 'namespace' | 'close'>;

function openCluster({ kubernetes }: PlanConfig, clock: Clock): Cluster {
  return createKubeClient(
    { ...kubernetes, userAgent: () => `etcd-endpoints/${packageVersion()} (plan)` },
    { clock, log: silent },
  );
}
