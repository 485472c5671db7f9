/**
 * `npm run release:image -- REPOSITORY URL`: builds the image of this commit with docker buildx, pushes it, and prints `digest=sha256:…`. The bases are those of the
 * Dockerfile, each pinned to the digest that its tag has now.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageVersion } from '../../src/version.ts';
import { basesOf, buildxCommand } from './image-build.ts';

const run = promisify(execFile);

const root = join(import.meta.dirname, '../..');

async function main([repository, url]: readonly string[]): Promise<string> {
  if (repository === undefined || url === undefined) {
    throw new Error('say where the image goes and where its sources are: release:image -- REPOSITORY URL');
  }
  const bases = basesOf(await readFile(join(root, 'Dockerfile'), 'utf8'));
  const pinned = new Map(
    await Promise.all(Array.from(bases, async ([name, image]) => [name, await pin(image)] as const)),
  );
  const { stdout } = await run('git', ['log', '-1', '--format=%H %ct'], { cwd: root });
  const [revision = '', committedAt] = stdout.trim().split(' ');
  const sources = { version: packageVersion(), revision, committedAt: Number(committedAt), url };
  const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-release-'));
  try {
    const metadataFile = join(folder, 'metadata.json');
    await docker(['buildx', 'create', '--use', '--driver', 'docker-container']);
    await docker(buildxCommand(repository, sources, pinned, metadataFile));
    return JSON.parse(await readFile(metadataFile, 'utf8'))['containerimage.digest'];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The image with its digest of all platforms. */
async function pin(image: string): Promise<string> {
  const args = ['buildx', 'imagetools', 'inspect', image, '--format', '{{.Manifest.Digest}}'];
  const { stdout } = await run('docker', args);
  return `${image}@${stdout.trim()}`;
}

/** Runs docker with all that it says on stderr: stdout is for the digest. */
async function docker(args: readonly string[]): Promise<void> {
  const child = spawn('docker', args, { cwd: root, stdio: ['ignore', process.stderr, process.stderr] });
  const [status] = await once(child, 'exit');
  if (status !== 0) {
    throw new Error(`docker ${args.slice(0, 2).join(' ')} failed with status ${status}`);
  }
}

try {
  console.log(`digest=${await main(process.argv.slice(2))}`);
} catch (error) {
  console.error(`Cannot release the image: ${(error as Error).message}`);
  process.exitCode = 1;
}
