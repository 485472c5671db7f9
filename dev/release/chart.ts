/**
 * `npm run release:chart -- REPOSITORY DIGEST`: packages the chart with the image of that digest, pushes it as an OCI artifact to REPOSITORY/charts, and prints
 * `digest=sha256:…` of it.
 */
import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageVersion } from '../../src/version.ts';
import { withImage } from './chart-values.ts';

const run = promisify(execFile);

const source = join(import.meta.dirname, '../../charts/etcd-endpoints');

async function main([repository, digest]: readonly string[]): Promise<string> {
  if (repository === undefined || digest === undefined) {
    throw new Error('say where it goes and which image it is for: release:chart -- REPOSITORY DIGEST');
  }
  const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-chart-'));
  try {
    const chart = join(folder, 'etcd-endpoints');
    await cp(source, chart, { recursive: true });
    const values = join(chart, 'values.yaml');
    await writeFile(values, withImage(await readFile(values, 'utf8'), repository, digest));
    await run('helm', ['package', chart, '--destination', folder]);
    const archive = join(folder, `etcd-endpoints-${packageVersion()}.tgz`);
    const { stdout, stderr } = await run('helm', ['push', archive, `oci://${repository}/charts`]);
    const pushed = /^Digest: (sha256:[0-9a-f]{64})$/m.exec(stdout + stderr)?.[1];
    if (pushed === undefined) {
      throw new Error(`helm push names no digest: ${stdout}${stderr}`);
    }
    return pushed;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

try {
  console.log(`digest=${await main(process.argv.slice(2))}`);
} catch (error) {
  console.error(`Cannot release the chart: ${(error as Error).message}`);
  process.exitCode = 1;
}
