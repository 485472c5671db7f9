import { type ControlPlane, startControlPlane } from '../dev/control-plane/plane.ts';
import { type RegistryEtcd, startRegistryEtcd } from '../dev/control-plane/registry-etcd.ts';
import { installCrds } from '../test/kit/crd.ts';
import { RawEtcd } from '../test/kit/raw-etcd.ts';
import { callsNamespace, collection, mirrorNamespace, namespace, rawNamespace } from './objects.ts';
import { type ApiAccess, RawApi } from './raw/api.ts';
import type { Run } from './world.ts';

/** Servers of one world, empty at first: an apiserver with its etcd, and the registry. Ours and the raw programs run against the same. */
export interface Ground {
  readonly plane: ControlPlane;
  readonly registry: RegistryEtcd;
  readonly access: ApiAccess;
  readonly api: RawApi;
  readonly etcd: RawEtcd;
  /** `host:port` of the registry. */
  readonly etcdAddress: string;
  /** What image and chart have a controller find in its environment, and raw programs that are compared with it. */
  readonly environment: Environment;
  /** The same, with what is asked of this run besides. */
  readonly controllerEnvironment: Environment;
  /** The objects that the controller may have written, Events too, with their versions: the same twice where nobody wrote. */
  versions(): Promise<ReadonlySet<string>>;
  /** What the registry says of itself, by the names of its metrics. */
  registryMetrics(): Promise<string>;
  /** Milliseconds of CPU time that the servers have used, as they say themselves. */
  serversCpuMs(): Promise<number>;
  stop(): Promise<void>;
}

export type Environment = Readonly<Record<'NODE_OPTIONS' | 'MALLOC_ARENA_MAX', string>>;

/** A million registrations and their history take a few hundred MB; the default quota is 2 GiB. */
const registryFlags = { 'quota-backend-bytes': String(8 * 1024 ** 3) };

/** What the chart gives Node.js for its default limit of memory, and for one of 4 GiB. The rest is of the image. */
const asInChart = '--max-old-space-size=358 --max-semi-space-size=4';
const asInLargeChart = '--max-old-space-size=2867 --max-semi-space-size=16';

const written = ['etcdservices', 'services', 'endpoints', 'endpointslices', 'events'] as const;

/** `isLarge`: more is measured than a controller with the chart's default limit of memory can hold. */
export async function openGround(
  { binaries, profile }: Pick<Run, 'binaries' | 'profile'>,
  { isLarge = false } = {},
): Promise<Ground> {
  const [plane, registry] = await Promise.all([
    startControlPlane({ binaries }),
    startRegistryEtcd({ binaries, flags: registryFlags }),
  ]);
  const { server, caPem, certPem, keyPem } = plane.credentials;
  const access = { server, caPem, certPem, keyPem };
  const api = new RawApi(access);
  const etcdAddress = new URL(registry.endpoints[0] ?? '').host;
  const etcd = new RawEtcd(etcdAddress);
  await installCrds(plane.credentials);
  for (const name of [namespace, rawNamespace, callsNamespace, mirrorNamespace]) {
    await api.send('POST', '/api/v1/namespaces', { metadata: { name } });
  }
  const environment = {
    MALLOC_ARENA_MAX: '1',
    NODE_OPTIONS: isLarge ? asInLargeChart : asInChart,
  };
  return {
    plane,
    registry,
    access,
    api,
    etcd,
    etcdAddress,
    environment,
    controllerEnvironment:
      profile === undefined ? environment : withOptions(environment, `--cpu-prof --cpu-prof-dir=${profile}`),
    async versions() {
      const lists = await Promise.all(written.map((plural) => api.list(collection(plural))));
      return new Set(lists.flat().map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`));
    },
    registryMetrics: () => textOf(`${registry.members[0]?.metricsUrl}/metrics`),
    async serversCpuMs() {
      const metrics = await Promise.all([
        api.text('GET', '/metrics'),
        textOf(`${plane.storeUrl}/metrics`),
        textOf(`${registry.members[0]?.metricsUrl}/metrics`),
      ]);
      return metrics.reduce((sum, text) => sum + sumOf(text, 'process_cpu_seconds_total') * 1000, 0);
    },
    async stop() {
      etcd.close();
      await api.close();
      await Promise.all([plane.stop(), registry.stop()]);
    },
  };
}

/** With more options for Node.js. */
export function withOptions(environment: Environment, options: string): Environment {
  return { ...environment, NODE_OPTIONS: `${environment.NODE_OPTIONS} ${options}` };
}

async function textOf(url: string): Promise<string> {
  return await (await fetch(url)).text();
}

/** Sums the series of a metric in the text format that `isWanted`, which is given its labels. */
export function sumOf(
  text: string,
  name: string,
  isWanted: (labels: string) => boolean = () => true,
): number {
  return text
    .split('\n')
    .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
    .filter(isWanted)
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}
