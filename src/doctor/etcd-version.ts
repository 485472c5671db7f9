import { type Finding, ok, problem, warning } from './finding.ts';

/** The oldest release that runs at all. */
const oldest = [3, 4, 0] as const;

/** By minor release: below `least` changes can be lost (etcd, CHANGELOG-3.5.md and CHANGELOG-3.6.md), below `better` watches can tell too much. */
const releases: Readonly<Record<string, { readonly least: number; readonly better: number }>> = {
  '3.5': { least: 23, better: 33 },
  '3.6': { least: 5, better: 14 },
};

/** What is known of that version of etcd. */
export function versionFinding(member: string, version: string): Finding {
  const [major = 0, minor = 0, patch = 0] = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number) ?? [];
  const has = `etcd ${member} has version ${version}`;
  if (major < oldest[0] || (major === oldest[0] && minor < oldest[1])) {
    return problem('EtcdVersion', `${has}, which is too old`, `upgrade to ${bestOf('3.6')}`);
  }
  const name = `${major}.${minor}`;
  const release = releases[name];
  if (release === undefined) {
    return major === 3 && minor < 5
      ? lossy(has, bestOf('3.5'))
      : ok('EtcdVersion', `${has}, which is newer than those that are known`);
  }
  if (patch < release.least) {
    return lossy(has, bestOf(name));
  }
  return patch < release.better
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
