import { glob, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageVersion } from '../../src/version.ts';
import { dayOf, sectionOf } from './changelog.ts';
import { imageOf, withImage } from './chart-values.ts';
import { basesOf, buildArguments, buildxCommand } from './image-build.ts';
import { releaseProblems, type VersionFiles } from './problems.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(root, path), 'utf8');

const changelog = `# Changelog

## [Unreleased]

## [1.2.3] - 2026-11-29

### Added

- A thing.

## [1.2.2] - 2026-11-01

- An older thing.
`;

const files: VersionFiles = {
  manifest: '{ "version": "1.2.3" }',
  lock: '{ "version": "1.2.3" }',
  chart: 'version: 1.2.3\nappVersion: 1.2.3\n',
  changelog,
  values: 'image:\n  repository: ghcr.io/x/y\n',
};

describe('the changelog', () => {
  it('is read version by version', () => {
    expect(sectionOf(changelog, '1.2.3')).toBe('### Added\n\n- A thing.');
    expect(sectionOf(changelog, '1.2.2')).toBe('- An older thing.');
    expect(sectionOf(changelog, 'Unreleased')).toBeUndefined();
    expect(sectionOf(changelog, '1.2')).toBeUndefined();
    expect(dayOf(changelog, '1.2.3')).toBe('2026-11-29');
    expect(dayOf(changelog, 'Unreleased')).toBeUndefined();
  });

  it('of this project has a place for what is not released, or says of its version what changes', async () => {
    const text = await read('CHANGELOG.md');
    expect(sectionOf(text, 'Unreleased') ?? sectionOf(text, packageVersion())).toBeDefined();
  });
});

describe('a release', () => {
  it('of one version everywhere has no problem', () => {
    expect(releaseProblems({ tag: 'v1.2.3', repository: 'ghcr.io/x/y' }, files)).toEqual([]);
  });

  it.each<[string, Partial<VersionFiles>, string]>([
    ['v1.2.4', {}, 'the tag is v1.2.4, but package.json says 1.2.3: tag v1.2.3'],
    ['v1.2.3', { lock: '{ "version": "1.2.2" }' }, 'package-lock.json says 1.2.2'],
    ['v1.2.3', { chart: 'version: 1.2.2\nappVersion: 1.2.3\n' }, 'Chart.yaml has the version 1.2.2'],
    ['v1.2.3', { chart: 'version: 1.2.3\nappVersion: 1.2.2\n' }, 'Chart.yaml has the appVersion 1.2.2'],
    [
      'v1.2.3',
      { values: 'image: { repository: ghcr.io/x/z }' },
      'values.yaml has the image.repository ghcr.io/x/z',
    ],
    ['v1.2.3', { changelog: '## [1.2.3]\n\n- A thing.\n' }, 'CHANGELOG.md has no section'],
    ['v1.2.3', { changelog: '## [1.2.3] - 2026-11-29\n' }, 'CHANGELOG.md has no section'],
  ])('%s with %j is refused: %s', (tag, changed, problem) => {
    const problems = releaseProblems({ tag, repository: 'ghcr.io/x/y' }, { ...files, ...changed });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(problem);
  });
});

describe('the image', () => {
  const sources = {
    version: '1.2.3',
    revision: '0123abc',
    committedAt: 1_700_000_000,
    url: 'https://git.example/x',
  };

  it('is built with the Node.js that the tests run on, by an exact tag', async () => {
    const { devDependencies } = JSON.parse(await read('package.json'));
    const bases = basesOf(await read('Dockerfile'));
    expect([...bases.keys()]).toEqual(['NODE_IMAGE', 'RUNTIME_IMAGE']);
    expect(bases.get('NODE_IMAGE')).toContain(`/node:${devDependencies.node}-`);
  });

  it('has one name, that of values.yaml, in all that is applied and copied', async () => {
    const repository = imageOf(await read('charts/etcd-endpoints/values.yaml'));
    const pages = await Array.fromAsync(glob(['*.md', '{docs,examples,dist}/**/*.{md,yaml}'], { cwd: root }));
    const texts = await Promise.all(pages.map(read));
    const named = texts.flatMap((text) => text.match(/\bghcr\.io\/[a-z][\w./-]*(?::\d[\w.-]*)?/g) ?? []);
    expect(new Set(named)).toEqual(new Set([`${repository}:${packageVersion()}`]));
  });

  it('has labels of its commit alone, so that it is the same whenever it is built', () => {
    expect(buildArguments(sources, new Map([['NODE_IMAGE', 'node:24@sha256:12']]))).toEqual([
      'NODE_IMAGE=node:24@sha256:12',
      'VERSION=1.2.3',
      'REVISION=0123abc',
      'CREATED=2023-11-14T22:13:20.000Z',
      'SOURCE=https://git.example/x',
      'SOURCE_DATE_EPOCH=1700000000',
    ]);
  });

  it('gets no argument that the Dockerfile does not have', async () => {
    const dockerfile = await read('Dockerfile');
    const command = buildxCommand('ghcr.io/x/y', sources, basesOf(dockerfile), 'metadata.json');
    const given = command.filter((_, index) => command[index - 1] === '--build-arg');
    expect(given).toHaveLength(7);
    for (const argument of given) {
      expect(dockerfile).toMatch(new RegExp(`^ARG ${argument.split('=', 1)[0]}(=|$)`, 'm'));
    }
    expect(command).toContain('ghcr.io/x/y:1.2.3');
  });
});

describe('the chart', () => {
  it('is for the image of the same release, by its digest', () => {
    const values = '# Where\nimage:\n  # It is\n  repository: a\n  digest: ""\n';
    expect(withImage(values, 'ghcr.io/x/y', 'sha256:12')).toBe(
      '# Where\nimage:\n  # It is\n  repository: ghcr.io/x/y\n  digest: "sha256:12"\n',
    );
    expect(() => withImage('image: {}', 'ghcr.io/x/y', 'sha256:12')).toThrow('no image.repository');
  });
});
