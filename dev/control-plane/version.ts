/** A version of a server: `1.36.2` is major 1, minor 36. */
export interface Version {
  readonly major: number;
  readonly minor: number;
  /** `1.36.2`, without what a build adds (`-1.1+deb12u1`). */
  readonly text: string;
}

/** Reads the first version in a text, be it `v1.20.2`, `Kubernetes v1.36.2` or `etcd Version: 3.5.30`. */
export function parseVersion(text: string): Version {
  const match = /(\d+)\.(\d+)\.\d+/.exec(text);
  if (match === null) {
    throw new Error(`"${text.slice(0, 80)}" names no version such as 1.36.2`);
  }
  return { major: Number(match[1]), minor: Number(match[2]), text: match[0] };
}

/** Whether `version` is `least` (`1.25`) or newer. */
export function isAtLeast(version: Version, least: string): boolean {
  const [major = 0, minor = 0] = least.split('.').map(Number);
  return version.major > major || (version.major === major && version.minor >= minor);
}
