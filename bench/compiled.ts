import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = new URL('..', import.meta.url);

/** What package and image run. Sources take more memory: what strips their types is in it. */
export const compiled = new URL('dist/', root);

/** Compiles the sources. Throws where they do not compile. */
export async function compile(): Promise<void> {
  await promisify(execFile)('npm', ['run', '--silent', 'build'], { cwd: fileURLToPath(root) });
}
