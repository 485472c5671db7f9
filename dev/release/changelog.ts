/** The text below the heading of a version in CHANGELOG.md; undefined where there is none, or nothing stands below it. */
export function sectionOf(changelog: string, version: string): string | undefined {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.startsWith(`[${version}]`));
  const body = section?.slice(section.indexOf('\n')).trim();
  return body === '' ? undefined : body;
}

/** The day of a version in its heading, as in `2026-11-29`; undefined where there is none. */
export function dayOf(changelog: string, version: string): string | undefined {
  const heading = changelog.split('\n').find((line) => line.startsWith(`## [${version}]`));
  return heading?.match(/ - (\d{4}-\d{2}-\d{2})$/)?.[1];
}
