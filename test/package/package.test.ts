import { execFile } from 'node:child_process';
import { glob, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { startScene } from '../kit/scene.ts';

const run = promisify(execFile);

const root = join(import.meta.dirname, '../..');
const manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/** Longer than npm takes on a machine that tests other things at the same time. */
const INSTALL_TIMEOUT_MS = 400_000;

/** A folder with nothing but the package, installed as a user does. */
let folder: string;
/** What the package holds, as npm says. */
let packed: readonly string[];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-installed-'));
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: root });
  const [{ filename, files }] = Object.values(JSON.parse(stdout.slice(stdout.search(/^[[{]/m)))) as [
    { readonly filename: string; readonly files: readonly { readonly path: string }[] },
  ];
  packed = files.map(({ path }) => path);
  await writeFile(join(folder, 'package.json'), '{ "private": true }');
  const options = ['--omit=dev', '--ignore-scripts', '--no-audit', '--prefer-offline'];
  await run('npm', ['install', ...options, `./${filename}`], { cwd: folder });
  return () => rm(folder, { recursive: true, force: true });
}, INSTALL_TIMEOUT_MS);

it('holds what was compiled from the sources, the command, the CRDs and what every package has, and nothing else', async () => {
  const sources = await Array.fromAsync(glob('**/*.ts', { cwd: join(root, 'src') }));
  const crds = await Array.fromAsync(glob('crds/*.yaml', { cwd: root }));
  const compiled = sources
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => `dist/${path.replace(/ts$/, 'js')}`);
  const others = ['LICENSE', 'README.md', 'bin/etcd-endpoints.js', 'package.json'];
  expect(packed.toSorted()).toEqual([...compiled, ...crds, ...others].toSorted());
});

it('is run by npx with no word of ours', async () => {
  const npx = (...args: string[]): Promise<{ stdout: string; stderr: string }> =>
    run('npx', ['--no', '--', 'etcd-endpoints', ...args], { cwd: folder });
  expect((await npx('--help')).stdout).toContain('etcd-endpoints controller ');
  expect(await npx('--version')).toEqual({ stdout: `${manifest.version}\n`, stderr: '' });
  expect((await npx('crds')).stdout).toContain('name: etcdservices.etcd-endpoints.io');
});

it('does the main job without any package that is for development', async () => {
  const command = join(folder, 'node_modules/.bin/etcd-endpoints');
  const scene = await startScene({ controller: () => ({ command: [process.execPath, command] }) });
  onTestFinished(() => scene.stop());
  await scene.defineWith('web', ['10.0.0.1:80', '10.0.0.2:80']);
  await scene.registrar.delete('/services/web/1');
  await scene.untilPublished('web', ['10.0.0.2:80']);
  expect((await scene.controller.stop()).code).toBe(0);
});

it('has a bill of materials with all that runs and nothing of development', async () => {
  const { stdout } = await run('npm', ['run', '--silent', 'sbom'], { cwd: root, maxBuffer: 16 << 20 });
  const { bomFormat, metadata, components } = JSON.parse(stdout);
  expect(bomFormat).toBe('CycloneDX');
  expect(metadata.component.version).toBe(manifest.version);
  const names = components.map(({ group, name }: Record<string, string>) =>
    group === undefined ? name : `${group}/${name}`,
  );
  // npm leaves out of its list what a package for development wants, too, as vite does yaml.
  const listed = Object.keys(manifest.dependencies).filter((name) => name !== 'yaml');
  expect(names).toEqual(expect.arrayContaining(listed));
  expect(names).not.toContain('typescript');
  expect(names).not.toContain('vitest');
});
