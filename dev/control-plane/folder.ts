import { execFile } from 'node:child_process';
import { access, constants, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parseVersion, type Version } from './version.ts';

const run = promisify(execFile);

/** The programs that are looked for in a folder of test assets. */
export const PROGRAMS = [
  'etcd',
  'etcdctl',
  'etcdutl',
  'kube-apiserver',
  'kubectl',
  'kube-controller-manager',
] as const;
export type Program = (typeof PROGRAMS)[number];

/** Paths of the programs found. */
export type Found = Readonly<Partial<Record<Program, string>>>;

/** The programs that a folder holds; none when there is no such folder. */
export async function lookInto(folder: string): Promise<Found> {
  const found: Partial<Record<Program, string>> = {};
  for (const program of PROGRAMS) {
    const path = join(folder, program);
    if (await isExecutable(path)) {
      found[program] = path;
    }
  }
  return found;
}

/** Whether there is an executable file at `path`. */
export async function isExecutable(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

/** The version that a program prints on `--version`. */
export async function versionOf(path: string): Promise<Version> {
  const { stdout } = await run(path, ['--version']);
  return parseVersion(stdout);
}
