import { execFile } from 'node:child_process';
import { chown, copyFile, glob, lstat, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { asInit, signalInit } from '../kit/as-init.ts';
import { servers } from '../kit/control-plane.ts';
import { marginMs } from '../kit/eventually.ts';
import { describeNeeding } from '../kit/needs.ts';
import { startScene } from '../kit/scene.ts';
import { Buildah } from './buildah.ts';
import { makeBases } from './local-bases.ts';

const run = promisify(execFile);

const IMAGE = 'localhost/etcd-endpoints:test';

/** Whom the image is for: neither root nor anybody of this machine. */
const USER = 65532;

/** Any time that no file has by chance. */
const EPOCH = 1_700_000_000;

/** Longer than a build takes on a machine that tests other things at the same time. */
const BUILD_TIMEOUT_MS = 400_000;

const project = join(import.meta.dirname, '../..');

/** The part of an image's configuration that says how it is run. */
interface ImageConfig {
  readonly User: string;
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
}

describeNeeding('buildah', 'the image', () => {
  let folder: string;
  let buildah: Buildah;
  let config: ImageConfig;
  /** Where the root of a container is. */
  let root: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-image-'));
    buildah = new Buildah(folder);
    return () => buildah.close();
  });

  beforeAll(async () => {
    const bases = await makeBases(buildah, folder);
    const args = {
      NODE_IMAGE: bases.build,
      RUNTIME_IMAGE: bases.runtime,
      VERSION: '1.2.3',
      REVISION: '0123abc',
      SOURCE: 'https://git.example/etcd-endpoints',
      SOURCE_DATE_EPOCH: `${EPOCH}`,
    };
    await buildah.run(
      'build',
      '--isolation=chroot',
      '--layers=false',
      '--quiet',
      ...Object.entries(args).map(([name, value]) => `--build-arg=${name}=${value}`),
      ...(await npmVolumes(folder)),
      `--tag=${IMAGE}`,
      project,
    );
    config = JSON.parse(await buildah.run('inspect', '--type=image', IMAGE)).OCIv1.config;
    root = await buildah.mount(IMAGE);
  }, BUILD_TIMEOUT_MS);

  it('says who runs what, and what it is', () => {
    expect(config).toMatchObject({
      User: `${USER}:${USER}`,
      Entrypoint: ['/usr/local/bin/node', '/app/bin/etcd-endpoints.js'],
      Env: expect.arrayContaining(['NODE_OPTIONS=--max-semi-space-size=4', 'MALLOC_ARENA_MAX=1']),
      Cmd: ['controller'],
    });
    expect(config.Labels).toMatchObject({
      'org.opencontainers.image.title': 'etcd-endpoints',
      'org.opencontainers.image.version': '1.2.3',
      'org.opencontainers.image.revision': '0123abc',
      'org.opencontainers.image.source': 'https://git.example/etcd-endpoints',
      'org.opencontainers.image.licenses': 'Apache-2.0',
    });
  });

  it('holds compiled code and packages of production alone, and no program but Node.js', async () => {
    expect((await readdir(join(root, 'app'))).toSorted()).toEqual(
      ['LICENSE', 'bin', 'crds', 'dist', 'node_modules', 'package.json'].toSorted(),
    );
    const packages = await readdir(join(root, 'app/node_modules'));
    expect(packages).toContain('etcd3');
    expect(packages).not.toContain('typescript');
    expect(packages).not.toContain('vitest');
    const programs = await Array.fromAsync(
      glob('{bin,sbin,usr/bin,usr/sbin,usr/local/bin}/*', { cwd: root }),
    );
    expect(programs).toEqual(['usr/local/bin/node']);
  });

  it('lets nobody but root write what is in it, and gives every file of ours the time of the sources', async () => {
    const paths = await Array.fromAsync(glob('app/**/*', { cwd: root }));
    const files = await Promise.all(paths.map((path) => lstat(join(root, path))));
    expect(files.length).toBeGreaterThan(1000);
    expect(files.filter(({ uid, gid }) => uid !== 0 || gid !== 0)).toEqual([]);
    expect(files.filter((file) => !file.isSymbolicLink() && (file.mode & 0o022) !== 0)).toEqual([]);
    expect(new Set(files.map(({ mtimeMs }) => mtimeMs))).toEqual(new Set([EPOCH * 1000]));
  });

  it('does the main job as process 1 of a user without rights, and ends on SIGTERM', async () => {
    const { kubeconfigPath } = servers().credentials;
    const kubeconfig = '/kubeconfig';
    await copyFile(kubeconfigPath, join(root, kubeconfig));
    await chown(join(root, kubeconfig), USER, USER);
    // Where a container runtime mounts what the kernel knows of processes; it makes the folder where an image has none.
    await mkdir(join(root, 'proc'), { recursive: true });
    const command = asInit(config.Entrypoint, { root, cwd: config.WorkingDir, user: USER });
    const scene = await startScene({ controller: () => ({ command, kubeconfig }) });
    onTestFinished(() => scene.stop());
    await scene.defineWith('web', ['10.0.0.1:80', '10.0.0.2:80']);
    await scene.registrar.delete('/services/web/1');
    await scene.untilPublished('web', ['10.0.0.2:80']);
    await scene.untilInSlices('web', ['10.0.0.2:80']);
    await signalInit(scene.controller.pid ?? 0, 'SIGTERM');
    const { code, tookMs } = await scene.controller.stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(5000 + marginMs);
  });
});

/** How npm in the build finds what npm of this machine finds: the same registry, its certificates, and what has been downloaded before. */
async function npmVolumes(folder: string): Promise<string[]> {
  const setting = async (name: string): Promise<string> => {
    const { stdout } = await run('npm', ['config', 'get', name], { cwd: folder });
    return stdout.trim();
  };
  const [registry, cafile, cache] = await Promise.all(['registry', 'cafile', 'cache'].map(setting));
  const lines = [`registry=${registry}`, 'cache=/npm', 'prefer-offline=true', 'update-notifier=false'];
  const volumes = [`--volume=${cache}:/npm`];
  const authorities = cafile === 'null' ? process.env['NODE_EXTRA_CA_CERTS'] : cafile;
  if (authorities !== undefined) {
    lines.push('cafile=/etc/authorities.pem');
    volumes.push(`--volume=${authorities}:/etc/authorities.pem:ro`);
  }
  const npmrc = join(folder, 'npmrc');
  await writeFile(npmrc, lines.join('\n'));
  return [...volumes, `--volume=${npmrc}:/usr/local/etc/npmrc:ro`];
}
