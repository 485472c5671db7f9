import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { EtcdBinaries, Report } from './binaries.ts';
import type { Cache } from './cache.ts';
import { isDebianLike } from './debian-archive.ts';
import { DEBIAN_ETCD, debianEtcd } from './debian-build.ts';
import { download } from './downloader.ts';
import { type Found, isExecutable, lookInto, versionOf } from './folder.ts';

const run = promisify(execFile);

/** The last of the oldest release that is supported. */
const OLD_RELEASE = '3.4.34';

export interface EtcdSearch {
  readonly cache: Cache;
  readonly environment: NodeJS.ProcessEnv;
  readonly report: Report;
}

/**
 * The tools of an etcd: beside it, on the PATH, from the release of its version, or as Debian packages them. The archives that hold a
 * kube-apiserver have none.
 */
export async function findEtcdctl(found: Found, version: string, search: EtcdSearch): Promise<Found> {
  if (found.etcdctl !== undefined) {
    return found;
  }
  for (const folder of (search.environment['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'etcdctl');
    if (await isExecutable(path)) {
      return { etcdctl: path };
    }
  }
  const folder = await getEtcd(version, search);
  return await lookInto(folder);
}

/** An etcd 3.4, to show that it still serves; undefined where it cannot be had. */
export async function findOldEtcd(search: EtcdSearch): Promise<EtcdBinaries | undefined> {
  try {
    const { etcd, etcdctl, etcdutl } = await lookInto(await getEtcd(OLD_RELEASE, search));
    return etcd === undefined || etcdctl === undefined
      ? undefined
      : { etcd, etcdctl, etcdutl, etcdVersion: (await versionOf(etcd)).text };
  } catch (error) {
    search.report(`No etcd 3.4: ${(error as Error).message}`);
    return undefined;
  }
}

/** A folder with etcd's release of that version, or with Debian's 3.4 where it cannot be downloaded. */
async function getEtcd(version: string, search: EtcdSearch): Promise<string> {
  const { cache, report } = search;
  const inCache = version.startsWith('3.4.') ? [`etcd-${version}`, DEBIAN_ETCD] : [`etcd-${version}`];
  for (const name of inCache) {
    const folder = await cache.find(name);
    if (folder !== undefined) {
      return folder;
    }
  }
  try {
    return await releasedEtcd(version, search);
  } catch (error) {
    if (!(await isDebianLike())) {
      throw error;
    }
    return await debianEtcd(cache, report);
  }
}

function releasedEtcd(version: string, { cache, environment, report }: EtcdSearch): Promise<string> {
  return cache.get(`etcd-${version}`, report, async (files, scratch) => {
    report(`Downloading etcd ${version}`);
    const archive = await download(['etcd', version, scratch], environment, report);
    const unpacked = join(scratch, 'unpacked');
    await mkdir(unpacked);
    await run('tar', ['-xf', archive, '--strip-components=1', '-C', unpacked]);
    const programs = (await readdir(unpacked)).filter((name) =>
      ['etcd', 'etcdctl', 'etcdutl'].includes(name),
    );
    for (const program of programs) {
      await copyFile(join(unpacked, program), join(files, program));
    }
  });
}
