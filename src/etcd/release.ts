/** A release of etcd. */
export type Release = readonly [major: number, minor: number, patch: number];

/** The release of a version as members tell it, such as `3.5.30` or `3.6.0-rc.1`. Undefined where it begins in another way. */
export function releaseOf(version: string): Release | undefined {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  return major === undefined ? undefined : [Number(major), Number(minor), Number(patch)];
}

export function isAtLeast([major, minor, patch]: Release, least: Release): boolean {
  return (major - least[0] || minor - least[1] || patch - least[2]) >= 0;
}
