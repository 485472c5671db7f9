import { etcdCatalogResource } from '../api/etcd-catalog.ts';
import { defaultRegistryName, etcdRegistryResource } from '../api/etcd-registry.ts';
import { etcdServiceResource } from '../api/etcd-service.ts';
import type { Clock } from '../clock.ts';
import { allowedRanges } from '../config/allowed-prefix.ts';
import type { ControllerConfig } from '../config/controller-options.ts';
import type { DoctorConfig } from '../config/doctor-options.ts';
import { messageOf } from '../errors.ts';
import type { EtcdOptions } from '../etcd/options.ts';
import { createKubeClient } from '../kube/client.ts';
import { SERVICE_CIDRS } from '../kube/resources.ts';
import type { KubeClient } from '../kube/types.ts';
import { packageVersion } from '../version.ts';
import { clusterIpFindings } from './cluster-ips.ts';
import { crdFindings } from './crds.ts';
import { electionFinding } from './election.ts';
import { accessFindings, type WantedRange } from './etcd-access.ts';
import { etcdFindings } from './etcd-findings.ts';
import { askMember, silent } from './etcd-member.ts';
import { type Finding, problem, skipped } from './finding.ts';
import { type IsServed, reachKubernetes, type TimedCall, timedCall } from './kubernetes.ts';
import { type OpenedRegistry, openRegistry } from './registries.ts';
import { rightsFindings } from './rights.ts';
import { rightsGroups } from './rights-groups.ts';
import { type Wanting, wantedRanges } from './wanted-ranges.ts';

export interface DoctorDeps {
  readonly clock: Clock;
}

/** Looks at everything that the controller needs, and changes nothing. Never rejects: what cannot be looked at is a finding. */
export async function examine({ controller }: DoctorConfig, deps: DoctorDeps): Promise<readonly Finding[]> {
  let lastCall: TimedCall | undefined;
  let client: KubeClient | undefined;
  try {
    client = createKubeClient(
      { ...controller.kubernetes, userAgent: () => `etcd-endpoints/${packageVersion()} (doctor)` },
      {
        clock: deps.clock,
        log: silent,
        onCall: (call) => {
          lastCall = timedCall(call, deps.clock.now());
        },
      },
    );
    const { findings, isServed } = await reachKubernetes(client, () => lastCall);
    const reached = isServed === undefined ? undefined : { client, isServed };
    return [...findings, ...(await examineAll(controller, reached, deps))];
  } catch (error) {
    const unreached = problem('KubernetesReachable', messageOf(error), 'correct --kubeconfig or --context');
    return [unreached, ...(await examineAll(controller, undefined, deps))];
  } finally {
    await client?.close();
  }
}

/** A cluster that answers. */
interface Cluster {
  readonly client: KubeClient;
  readonly isServed: IsServed;
}

async function examineAll(
  config: ControllerConfig,
  cluster: Cluster | undefined,
  deps: DoctorDeps,
): Promise<readonly Finding[]> {
  const ownNamespace = config.election.namespace ?? cluster?.client.namespace ?? 'default';
  const registries = cluster === undefined ? [] : await openRegistries(config, cluster, ownNamespace, deps);
  const wanting = cluster === undefined ? { services: [], catalogs: [] } : await wantingOf(config, cluster);
  const [kubernetes, etcds, election] = await Promise.all([
    cluster === undefined ? [] : clusterFindings(config, cluster, ownNamespace, registries.length > 0),
    everyEtcd(config, registries, wanting, deps),
    electionFinding(config, { client: cluster?.client, ownNamespace, clock: deps.clock }),
  ]);
  return [...kubernetes, ...etcds, election];
}

async function clusterFindings(
  config: ControllerConfig,
  { client, isServed }: Cluster,
  ownNamespace: string,
  hasRegistries: boolean,
): Promise<readonly Finding[]> {
  const groups = rightsGroups(config, ownNamespace, hasRegistries);
  const servesCidrs = isServed(SERVICE_CIDRS.group, SERVICE_CIDRS.plural);
  const [crds, rights, addresses] = await Promise.all([
    crdFindings(client),
    rightsFindings(client, groups, isServed).catch((error: unknown) => [
      skipped('Rights', `the apiserver does not tell which rights are granted: ${messageOf(error)}`),
    ]),
    clusterIpFindings(client, config.serviceCidrs, servesCidrs),
  ]);
  return [...crds, ...rights, ...addresses];
}

/** Where they cannot be listed, the check of rights has said so. */
async function wantingOf({ namespaces }: ControllerConfig, { client, isServed }: Cluster): Promise<Wanting> {
  const scopes = namespaces.length === 0 ? [{}] : namespaces.map((namespace) => ({ namespace }));
  const lists = scopes.map((scope) => client.list(etcdServiceResource, scope).catch(() => []));
  const catalogs = isServed(etcdCatalogResource.group, etcdCatalogResource.plural)
    ? client.list(etcdCatalogResource, {}).catch(() => [])
    : [];
  return { services: (await Promise.all(lists)).flat(), catalogs: await catalogs };
}

async function openRegistries(
  { etcdLimits }: ControllerConfig,
  { client, isServed }: Cluster,
  ownNamespace: string,
  { clock }: DoctorDeps,
): Promise<readonly OpenedRegistry[]> {
  if (!isServed(etcdRegistryResource.group, etcdRegistryResource.plural)) {
    return [];
  }
  const objects = await client.list(etcdRegistryResource, {}).catch(() => []);
  return await Promise.all(
    objects.map((object) => openRegistry(object, { client, ownNamespace, limits: etcdLimits, clock })),
  );
}

/** The etcd of `--etcd`, then that of each EtcdRegistry. */
async function everyEtcd(
  config: ControllerConfig,
  registries: readonly OpenedRegistry[],
  wanting: Wanting,
  deps: DoctorDeps,
): Promise<readonly Finding[]> {
  const roots = new Map(registries.map(({ name, root }) => [name, root]));
  const wanted = wantedRanges(wanting, (registry) => roots.get(registry) ?? '');
  const allowed = config.allowedPrefixes.flatMap(({ namespace, prefix }) =>
    allowedRanges(prefix).map((range) => ({ range, by: `--allowed-prefix ${namespace}=${prefix}` })),
  );
  const own =
    config.etcd && oneEtcd(config.etcd, [...(wanted.get(defaultRegistryName) ?? []), ...allowed], deps);
  const others = registries.map(async ({ name, finding, options }) => [
    finding,
    ...(options === undefined ? [] : await oneEtcd(options, wanted.get(name) ?? [], deps)),
  ]);
  const findings = await Promise.all([own ?? [], ...others]);
  return findings.flat();
}

async function oneEtcd(
  options: EtcdOptions,
  wanted: readonly WantedRange[],
  deps: DoctorDeps,
): Promise<readonly Finding[]> {
  const answers = await Promise.all(options.hosts.map((host) => askMember(host, options, deps)));
  const isAnybodyThere = answers.some(({ kind }) => kind !== 'away');
  return [...etcdFindings(answers), ...(isAnybodyThere ? await accessFindings(options, wanted, deps) : [])];
}
