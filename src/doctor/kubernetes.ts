import { etcdCatalogResource } from '../api/etcd-catalog.ts';
import { etcdRegistryResource } from '../api/etcd-registry.ts';
import { etcdServiceResource } from '../api/etcd-service.ts';
import { messageOf } from '../errors.ts';
import type { CallReport } from '../kube/options.ts';
import { ENDPOINT_SLICES, SERVICE_CIDRS } from '../kube/resources.ts';
import type { KubeClient, Resource } from '../kube/types.ts';
import { clockFinding } from './clocks.ts';
import { type Finding, ok, problem, skipped, warning } from './finding.ts';

/** What came with some version of Kubernetes, or with a CRD. All else is served by every apiserver. */
const optional: readonly Resource[] = [
  ENDPOINT_SLICES,
  SERVICE_CIDRS,
  etcdServiceResource,
  etcdRegistryResource,
  etcdCatalogResource,
];

/** Whether the apiserver serves a resource (its plural, maybe with a subresource) of a group. */
export type IsServed = (group: string, resource: string) => boolean;

export interface Reached {
  readonly findings: readonly Finding[];
  /** Undefined where the apiserver cannot be asked anything. */
  readonly isServed: IsServed | undefined;
}

/** Whether the apiserver answers, in which version, and what it serves. */
export async function reachKubernetes(
  client: KubeClient,
  lastCall: () => TimedCall | undefined,
): Promise<Reached> {
  try {
    const version = await client.version();
    const clock = lastCall();
    return {
      findings: [
        ok('KubernetesReachable', `${client.server} answers`),
        kubernetesVersionFinding(version),
        clock === undefined
          ? skipped('KubernetesClock', `${client.server} does not date its answers`)
          : clockFinding('KubernetesClock', 'the apiserver', clock),
      ],
      isServed: await served(client),
    };
  } catch (error) {
    const finding = problem(
      'KubernetesReachable',
      `${client.server}: ${messageOf(error)}`,
      'correct --kubeconfig or --context, or start the apiserver',
    );
    return { findings: [finding], isServed: undefined };
  }
}

/** The answer to a call that was dated, with the times of this machine around it. */
export interface TimedCall {
  readonly serverMs: number;
  readonly askedMs: number;
  readonly answeredMs: number;
}

/** A call that has just ended, where its answer was dated. */
export function timedCall({ serverTimeMs, durationMs }: CallReport, now: number): TimedCall | undefined {
  return serverTimeMs === undefined
    ? undefined
    : { serverMs: serverTimeMs, askedMs: now - durationMs, answeredMs: now };
}

async function served(client: KubeClient): Promise<IsServed> {
  const answers = await Promise.all(
    optional.map(async (resource) => [nameOf(resource), await client.serves(resource)] as const),
  );
  const isServed = new Map(answers);
  return (group, resource) => isServed.get(`${group}/${resource.split('/')[0]}`) ?? true;
}

function nameOf({ group, plural }: Resource): string {
  return `${group}/${plural}`;
}

/** What the README says of versions. */
export function kubernetesVersionFinding(version: string): Finding {
  const [, major = 0, minor = 0] = /^v?(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  const is = `Kubernetes has version ${version}`;
  if (major < 1 || (major === 1 && minor < 20)) {
    return problem('KubernetesVersion', `${is}, which is too old`, 'upgrade to 1.25 or newer');
  }
  if (major === 1 && minor < 25) {
    const lacks = minor < 21 ? ', which does not know the EndpointSlices that are published' : '';
    return warning(
      'KubernetesVersion',
      `${is}${lacks}, and does not check the rules of custom resources when they are written`,
      'upgrade to 1.25 or newer',
    );
  }
  return ok('KubernetesVersion', is);
}
