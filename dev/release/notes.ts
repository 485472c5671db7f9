/** `npm run release:notes`: prints what CHANGELOG.md says of the version in package.json. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageVersion } from '../../src/version.ts';
import { sectionOf } from './changelog.ts';

const changelog = await readFile(join(import.meta.dirname, '../../CHANGELOG.md'), 'utf8');
const section = sectionOf(changelog, packageVersion());
if (section === undefined) {
  console.error(`CHANGELOG.md says nothing of ${packageVersion()}`);
  process.exitCode = 1;
} else {
  console.log(section);
}
