import { parse } from 'yaml';
import { dayOf, sectionOf } from './changelog.ts';
import { imageOf } from './chart-values.ts';

/** The files that say which version this is. package.json is the source; the others have to agree. */
export interface VersionFiles {
  /** package.json. */
  readonly manifest: string;
  /** package-lock.json. */
  readonly lock: string;
  /** CHANGELOG.md. */
  readonly changelog: string;
  /** Chart.yaml. */
  readonly chart: string;
  /** values.yaml of the chart, which alone declares where the image is. */
  readonly values: string;
}

/** What a release is asked to be. */
export interface Released {
  readonly tag: string;
  /** Where the image goes, as in `ghcr.io/owner/name`. */
  readonly repository: string;
}

/** What keeps the tag from being released, a sentence each; none where it can be. */
export function releaseProblems(
  { tag, repository }: Released,
  { manifest, lock, changelog, chart, values }: VersionFiles,
): string[] {
  const { version } = JSON.parse(manifest);
  const { version: locked } = JSON.parse(lock);
  const { version: chartVersion, appVersion } = parse(chart);
  const declared = imageOf(values);
  const checks: readonly (readonly [isRight: boolean, problem: string])[] = [
    [tag === `v${version}`, `the tag is ${tag}, but package.json says ${version}: tag v${version}`],
    [locked === version, `package-lock.json says ${locked}: run "npm install --package-lock-only"`],
    [chartVersion === version, `Chart.yaml has the version ${chartVersion}: write ${version}`],
    [appVersion === version, `Chart.yaml has the appVersion ${appVersion}: write ${version}`],
    [
      repository === declared,
      `the image would go to ${repository}, but values.yaml has the image.repository ${declared}: write one in the place of the other`,
    ],
    [
      sectionOf(changelog, version) !== undefined && dayOf(changelog, version) !== undefined,
      `CHANGELOG.md has no section "## [${version}] - YYYY-MM-DD" with what changes`,
    ],
  ];
  return checks.flatMap(([isRight, problem]) => (isRight ? [] : [problem]));
}
