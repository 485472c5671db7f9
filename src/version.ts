import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/** The version of this package, from its package.json: the one place where it is written. The file is read once, as any module. */
export function packageVersion(): string {
  const manifest: { readonly version: string } = require('../package.json');
  return manifest.version;
}
