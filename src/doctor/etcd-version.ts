import { isAtLeast, type Release, releaseOf } from '../etcd/release.ts';
import { type Finding, ok, problem, warning } from './finding.ts';

/** The oldest release that runs at all. */
const oldest: Release = [3, 4, 0];

/** By minor release: below `least` changes can be lost (etcd, CHANGELOG-3.5.md and CHANGELOG-3.6.md), below `better` watches can tell too much. */
const releases: Readonly<Record<string, { readonly least: number; readonly better: number }>> = {
  '3.5': { least: 23, better: 33 },
  '3.6': { least: 5, better: 14 },
};

/** What is known of that version of etcd. */
export function versionFinding(member: string, version: string): Finding {
  const release = releaseOf(version) ?? [0, 0, 0];
  const has = `etcd ${member} has version ${version}`;
  if (!isAtLeast(release, oldest)) {
    return problem('EtcdVersion', `${has}, which is too old`, `upgrade to ${bestOf('3.6')}`);
  }
  const [major, minor, patch] = release;
  const name = `${major}.${minor}`;
  const known = releases[name];
  if (known === undefined) {
    return major === 3 && minor < 5
      ? lossy(has, bestOf('3.5'))
      : ok('EtcdVersion', `${has}, which is newer than those that are known`);
  }
  if (patch < known.least) {
    return lossy(has, bestOf(name));
  }
  return patch < known.better
    ? warning(
        'EtcdVersion',
        `${has}, whose watches can show keys that a user may not read`,
        `upgrade to ${bestOf(name)}`,
      )
    : ok('EtcdVersion', has);
}

function lossy(has: string, best: string): Finding {
  return warning(
    'EtcdVersion',
    `${has}, which has faults in watches and leases that can lose or delay changes`,
    `upgrade to ${best}`,
  );
}

function bestOf(release: string): string {
  return `${release}.${releases[release]?.better}`;
}
