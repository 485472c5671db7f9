import manifest from '../package.json' with { type: 'json' };

/** The version of this package, from its package.json: the one place where it is written. */
export function packageVersion(): string {
  return manifest.version;
}
