import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from './binaries.ts';
import type { Cache } from './cache.ts';
import { DebianArchive, isDebianLike } from './debian-archive.ts';

const run = promisify(execFile);

/** Name of the entry in the cache, and of its file. */
const ENTRY = 'debian-python3-etcd3';
const ARCHIVE = 'root.tar';

/** What it needs beyond a Python 3.11 of any system. */
const PACKAGES = [
  ...['python3-etcd3', 'python3-grpcio', 'python3-protobuf', 'python3-six', 'python3-tenacity'],
  ...['libabsl20220623', 'libc-ares2', 'libprotobuf32', 'libre2-9', 'libssl3', 'libstdc++6'],
];

/**
 * A tar file with etcd's Python client as Debian 12 packages it, as if for the root of a system; some seconds the first time. Undefined where it
 * cannot be had, or where `python3` is none of the version that it is compiled for.
 */
export async function findPythonEtcd3(cache: Cache, report: Report): Promise<string | undefined> {
  try {
    await run('python3', ['-c', 'import sys; assert sys.version_info[:2] == (3, 11), sys.version']);
    const folder = (await cache.find(ENTRY)) ?? (await get(cache, report));
    return join(folder, ARCHIVE);
  } catch (error) {
    report(`No python3-etcd3: ${(error as Error).message}`);
    return undefined;
  }
}

async function get(cache: Cache, report: Report): Promise<string> {
  if (!(await isDebianLike())) {
    throw new Error('this system has no apt-get and dpkg');
  }
  return await cache.get(ENTRY, report, async (files, scratch) => {
    const log = join(cache.root, `${ENTRY}.log`);
    const archive = await DebianArchive.open(join(scratch, 'apt'), log, report);
    const root = join(scratch, 'root');
    await archive.unpack(PACKAGES, root);
    await run('tar', ['-cf', join(files, ARCHIVE), '-C', root, '.']);
  });
}
