import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Cache, cacheRoot } from '../control-plane/cache.ts';
import { findOldEtcd } from '../control-plane/etcd-releases.ts';
import { findBinaries } from '../control-plane/find.ts';
import { newRun, type Run, resultsOf } from './results.ts';

/** Runs test files, with these variables in their environment besides, and returns what they found. `command` is what repeats it. */
export async function runTests(
  command: string,
  files: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Run> {
  const report = (line: string): void => console.log(line);
  const binaries = await findBinaries({ report, environment: process.env });
  await findOldEtcd({ report, environment: process.env, cache: new Cache(cacheRoot(process.env)) });
  const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-faults-'));
  const file = join(folder, 'report.json');
  try {
    // What passes only at a second try has not passed.
    const args = [
      'run',
      '--retry=0',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
      ...files,
    ];
    const child = spawn('vitest', args, { stdio: 'inherit', env: { ...process.env, ...environment } });
    await once(child, 'exit');
    const servers = `Kubernetes ${binaries.kubernetesVersion.text}, etcd ${binaries.etcdVersion}`;
    return newRun(command, servers, resultsOf(await readFile(file, 'utf8')));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
