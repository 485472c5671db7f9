import { access, glob, readFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseRegistrySpec, parseSpec } from '../src/api/parse.ts';
import { errorCodes } from '../src/error-codes.ts';
import {
  catalogRights,
  leaseRights,
  nodeRights,
  ownNamespaceRights,
  type Rule,
  registryRights,
  serviceRights,
} from '../src/kube/rights.ts';
import type { KubeObject } from '../src/kube/types.ts';

const root = join(import.meta.dirname, '..');
const pages = await Array.fromAsync(
  glob(['*.md', 'docs/**/*.md', 'dev/**/*.md', 'test/**/*.md'], { cwd: root }),
);
const texts = new Map(
  await Promise.all(pages.map(async (page) => [page, await readFile(join(root, page), 'utf8')] as const)),
);

/** Code is no prose: a bracket in it is no link. */
function withoutCode(text: string): string {
  return text.replaceAll(/^```.*?^```$/gms, '').replaceAll(/`[^`\n]*`/g, '');
}

function linksOf(text: string): string[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
}

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  const headings = [...text.replaceAll(/^```.*?^```$/gms, '').matchAll(/^#+ (.+)$/gm)];
  return headings.map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

/** Why a link of a page leads nowhere; undefined for one that does, or that leads out of the project. */
async function whyBroken(page: string, link: string): Promise<string | undefined> {
  if (/^[a-z]+:/.test(link)) {
    return undefined;
  }
  const [path = '', anchor] = link.split('#');
  const target = path === '' ? page : join(dirname(page), path);
  try {
    await access(join(root, target));
  } catch {
    return `${page}: ${link} does not exist`;
  }
  const text = texts.get(target);
  const isThere = anchor === undefined || text === undefined || anchorsOf(text).includes(anchor);
  return isThere ? undefined : `${page}: ${link} has no such heading`;
}

/** In blocks of YAML, and where a shell command is given one to read. */
function objectsOf(text: string): KubeObject[] {
  return [...text.matchAll(/(?:^```yaml|<<'END')\n(.*?)^(?:```|END)$/gms)]
    .flatMap(([, block = '']) => parseAllDocuments(block, { strict: true }))
    .map((document) => {
      expect(document.errors).toEqual([]);
      return document.toJS();
    })
    .filter((object) => object !== null);
}

/** How our own kinds are read. */
const readers: Readonly<Record<string, (object: KubeObject) => object>> = {
  EtcdService: (object) => parseSpec(object),
  EtcdRegistry: (object) => parseRegistrySpec(object),
};

/** All tests, as text. */
async function testSources(): Promise<string> {
  const files = await Array.fromAsync(glob(['{src,test,dev}/**/*.test.ts'], { cwd: root }));
  return (await Promise.all(files.map((file) => readFile(join(root, file), 'utf8')))).join('\n');
}

function namesIn(parenthesis: string): string[] {
  return [...parenthesis.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name);
}

function byResource(grants: readonly Rule[]): readonly Rule[] {
  return grants.toSorted((a, b) => (a.resources.join() < b.resources.join() ? -1 : 1));
}

describe('the documentation', () => {
  it('has no link that leads nowhere', async () => {
    const all = [...texts].flatMap(([page, text]) => linksOf(text).map((link) => whyBroken(page, link)));
    const broken = (await Promise.all(all)).filter((reason) => reason !== undefined);
    expect(all.length).toBeGreaterThan(20);
    expect(broken).toEqual([]);
  });

  it('ends each block of code with a line of its own', () => {
    const fencesOf = (text: string): string[] => text.match(/^ *```.*$/gm) ?? [];
    const spoiled = [...texts].flatMap(([page, text]) =>
      fencesOf(text).flatMap((fence, index) =>
        index % 2 === 1 && fence.trim() !== '```' ? [`${page}: ${fence}`] : [],
      ),
    );
    expect(spoiled).toEqual([]);
  });

  it('gives each decision a number of its own, in its name, its heading and wherever it is named', () => {
    const decisions = [...texts].filter(([page]) => page.startsWith('docs/adr/'));
    const numbers = decisions.map(([page]) => Number(basename(page).slice(0, 4)));
    expect(numbers.toSorted((a, b) => a - b)).toEqual([...new Set(numbers)].toSorted((a, b) => a - b));
    expect(decisions.map(([, text]) => Number.parseInt(text.slice('# '.length), 10))).toEqual(numbers);
    const named = [...texts].flatMap(([page, text]) =>
      [...text.matchAll(/\[ADR (\d+)\]\((\S+)\)/g)].map(([, number = '', target = '']) => ({
        page,
        number: number.padStart(4, '0'),
        target: basename(target),
      })),
    );
    expect(named.length).toBeGreaterThan(3);
    expect(named.filter(({ number, target }) => !target.startsWith(number))).toEqual([]);
  });

  it('names a test for each sentence on what happens when, and no test that there is not', async () => {
    const page = texts.get('docs/behaviour.md') ?? '';
    const statements = page.split('\n').filter((line) => line.startsWith('- '));
    const sources = await testSources();
    const isTest = (name: string): boolean =>
      ["'", '"', '`'].some((quote) => sources.includes(`${quote}${name}${quote},`));
    expect(statements.length).toBeGreaterThan(20);
    for (const statement of statements) {
      expect(statement, 'ends with the names of tests').toMatch(/\(`[^`]+`(, `[^`]+`)*\)$/);
      const groups = [...statement.matchAll(/\(`[^`]+`(, `[^`]+`)*\)/g)];
      expect(groups.flatMap(([names]) => namesIn(names)).filter((name) => !isTest(name))).toEqual([]);
    }
  });

  it('names no code of an error that nothing throws; the types see to it that all that are thrown are named', async () => {
    const files = await Array.fromAsync(glob(['src/**/*.ts'], { cwd: root }));
    const thrown = files.filter((file) => !file.endsWith('.test.ts') && !file.endsWith('error-codes.ts'));
    const sources = (await Promise.all(thrown.map((file) => readFile(join(root, file), 'utf8')))).join();
    expect(Object.keys(errorCodes).filter((code) => !sources.includes(`'${code}'`))).toEqual([]);
  });

  it('shows no object of ours that is not valid', () => {
    const examples = [...texts.values()].flatMap(objectsOf).filter(({ kind }) => kind in readers);
    expect(examples.length).toBeGreaterThan(5);
    for (const example of examples) {
      const { kind, metadata } = example;
      expect(readers[kind]?.(example), `${kind} ${metadata.name}`).toHaveProperty('ok');
    }
  });

  it('grants the controller in docs/rbac.yaml what it needs by test, and nothing else', async () => {
    const manifest = await readFile(join(root, 'docs/rbac.yaml'), 'utf8');
    const objects = parseAllDocuments(manifest).map((document) => document.toJS());
    const granted = (kind: string, name: string): readonly Rule[] => {
      const binding = objects.find(({ roleRef }) => roleRef?.kind === kind && roleRef.name === name);
      expect(binding?.kind).toBe(`${kind}Binding`);
      return byResource(objects.find((one) => one.kind === kind && one.metadata.name === name).rules);
    };
    expect(granted('ClusterRole', 'etcd-endpoints')).toEqual(byResource(serviceRights));
    expect(granted('ClusterRole', 'etcd-endpoints-nodes')).toEqual(nodeRights);
    expect(granted('Role', 'etcd-endpoints-own-namespace')).toEqual(byResource(ownNamespaceRights));
    expect(granted('Role', 'etcd-endpoints-election')).toEqual(byResource(leaseRights('etcd-endpoints')));
    expect(granted('ClusterRole', 'etcd-endpoints-registries')).toEqual(byResource(registryRights));
    expect(granted('ClusterRole', 'etcd-endpoints-catalogs')).toEqual(byResource(catalogRights));
    expect(objects).toHaveLength(12);
  });
});
