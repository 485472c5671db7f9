/** `npm run release:check -- v1.2.3 ghcr.io/owner/name`: says what keeps this tag from being released with its image there, and exits 1 where there is something. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { releaseProblems } from './problems.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

const [tag = '', repository = ''] = process.argv.slice(2);
const files = {
  manifest: await read('package.json'),
  lock: await read('package-lock.json'),
  changelog: await read('CHANGELOG.md'),
  chart: await read('charts/etcd-endpoints/Chart.yaml'),
  values: await read('charts/etcd-endpoints/values.yaml'),
};
const problems = releaseProblems({ tag, repository }, files);
for (const problem of problems) {
  console.error(`Cannot release: ${problem}`);
}
process.exitCode = problems.length === 0 ? 0 : 1;
