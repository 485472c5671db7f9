import { packageVersion } from '../version.ts';

/** Tells in the audit log of the apiserver who wrote, and in which term; without an election there are none. */
export function userAgentOf(replica: string, term = 0): string {
  const leading = term === 0 ? '' : `; term ${term}`;
  return `etcd-endpoints/${packageVersion()} (${replica}${leading})`;
}
