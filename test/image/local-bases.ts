import { execFile } from 'node:child_process';
import { realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { Buildah } from './buildah.ts';

const run = promisify(execFile);

/** What the Dockerfile and this file run beside Node.js and npm. */
const BUILD_PROGRAMS = [
  ...['/bin/sh', '/bin/chmod', '/bin/touch', '/bin/rm', '/bin/ln', '/bin/mkdir'],
  ...['/usr/bin/env', '/usr/bin/find'],
];

/** Names of the images that stand in for those that the Dockerfile begins with. */
export interface Bases {
  readonly build: string;
  readonly runtime: string;
}

/**
 * Makes both bases from what this machine runs itself, so that no registry is needed: to build, its Node.js, npm and a shell; to run, the libraries of
 * Node.js and not one program.
 */
export async function makeBases(buildah: Buildah, folder: string): Promise<Bases> {
  const bases = { build: 'localhost/base-build', runtime: 'localhost/base-runtime' };
  const libraries = await librariesOf(process.execPath);
  await buildah.make(bases.runtime, async (container) => {
    await buildah.run('add', container, await tarOf(libraries, join(folder, 'runtime.tar')), '/');
  });
  await buildah.make(bases.build, async (container) => {
    const theirs = (await Promise.all(BUILD_PROGRAMS.map(librariesOf))).flat();
    const files = new Set([...libraries, ...BUILD_PROGRAMS, ...theirs, ...nameServices(libraries)]);
    await buildah.run('add', container, await tarOf([...files], join(folder, 'build.tar')), '/');
    await buildah.run('copy', container, process.execPath, '/usr/local/bin/node');
    await buildah.run('copy', container, await npmFolder(), '/usr/local/lib/npm');
    const cli = '/usr/local/lib/npm/bin/npm-cli.js';
    await buildah.run('run', '--isolation=chroot', container, 'ln', '-s', cli, '/usr/local/bin/npm');
  });
  return bases;
}

async function npmFolder(): Promise<string> {
  const { stdout } = await run('sh', ['-c', 'command -v npm']);
  // The command is a link to bin/npm-cli.js in it.
  return join(await realpath(stdout.trim()), '../..');
}

/** The shared libraries that a program is loaded with, among them what loads it. */
async function librariesOf(path: string): Promise<string[]> {
  const { stdout } = await run('ldd', [path]);
  return stdout.match(/\/\S+/g) ?? [];
}

/** What the C library loads by name to look up a host. */
function nameServices(libraries: readonly string[]): string[] {
  const libc = libraries.find((path) => path.endsWith('/libc.so.6')) ?? '';
  return ['libnss_dns.so.2', 'libnss_files.so.2', 'libresolv.so.2'].map((name) => join(libc, '..', name));
}

/** A tar file with these files under their own paths, and no link among them. */
async function tarOf(paths: readonly string[], tar: string): Promise<string> {
  const relative = paths.map((path) => path.slice(1));
  await run('tar', ['--create', '--dereference', '--file', tar, '--directory', '/', ...relative]);
  return tar;
}
