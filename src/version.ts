import { readFileSync } from 'node:fs';

/** The version of this package, from its package.json: the one place where it is written. */
export function packageVersion(): string {
  const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    readonly version: string;
  };
  return manifest.version;
}
