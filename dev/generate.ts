/**
 * Writes every file that is generated from the sources: `npm run generate`. With `--check` it writes nothing, names the files that are
 * not current and exits 1.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { etcdCatalogKind, etcdRegistryKind, etcdServiceKind } from '../src/api/kinds.ts';
import { chartYaml } from './chart/chart-yaml.ts';
import { crdTemplate } from './chart/crd-template.ts';
import { dashboardJson } from './chart/dashboard.ts';
import { chartReadme } from './chart/readme.ts';
import { rightsTemplate } from './chart/rights-template.ts';
import { schemaJson } from './chart/schema.ts';
import { checksPage } from './reference/checks.ts';
import { conditionsPage } from './reference/conditions.ts';
import { crdYaml } from './reference/crd.ts';
import { errorsPage } from './reference/errors.ts';
import { etcdCatalogPage } from './reference/etcd-catalog.ts';
import { etcdRegistryPage } from './reference/etcd-registry.ts';
import { etcdServicePage } from './reference/etcd-service.ts';
import { formatsPage } from './reference/formats.ts';
import { metricsPage } from './reference/metrics.ts';
import { optionsPage } from './reference/options.ts';
import { rejectionsPage } from './reference/rejections.ts';

interface GeneratedFile {
  /** From the root of the project. */
  readonly path: string;
  content(): string;
}

const chart = 'charts/etcd-endpoints';

const files: readonly GeneratedFile[] = [
  { path: 'crds/etcd-endpoints.io_etcdservices.yaml', content: () => crdYaml(etcdServiceKind) },
  { path: 'crds/etcd-endpoints.io_etcdregistries.yaml', content: () => crdYaml(etcdRegistryKind) },
  { path: 'crds/etcd-endpoints.io_etcdcatalogs.yaml', content: () => crdYaml(etcdCatalogKind) },
  { path: 'docs/formats.md', content: formatsPage },
  { path: 'docs/reference/checks.md', content: checksPage },
  { path: 'docs/reference/conditions.md', content: conditionsPage },
  { path: 'docs/reference/errors.md', content: errorsPage },
  { path: 'docs/reference/etcdservice.md', content: etcdServicePage },
  { path: 'docs/reference/etcdregistry.md', content: etcdRegistryPage },
  { path: 'docs/reference/etcdcatalog.md', content: etcdCatalogPage },
  { path: 'docs/reference/metrics.md', content: metricsPage },
  { path: 'docs/reference/options.md', content: optionsPage },
  { path: 'docs/reference/rejections.md', content: rejectionsPage },
  { path: `${chart}/Chart.yaml`, content: chartYaml },
  { path: `${chart}/README.md`, content: chartReadme },
  { path: `${chart}/files/dashboard.json`, content: dashboardJson },
  { path: `${chart}/values.schema.json`, content: schemaJson },
  { path: `${chart}/templates/_rights.tpl`, content: rightsTemplate },
  { path: `${chart}/templates/crds/etcdservices.yaml`, content: () => crdTemplate(etcdServiceKind) },
  { path: `${chart}/templates/crds/etcdregistries.yaml`, content: () => crdTemplate(etcdRegistryKind) },
  { path: `${chart}/templates/crds/etcdcatalogs.yaml`, content: () => crdTemplate(etcdCatalogKind) },
];

const root = join(import.meta.dirname, '..');

const stale: GeneratedFile[] = [];
for (const file of files) {
  if ((await currentContent(file)) !== file.content()) {
    stale.push(file);
  }
}
if (process.argv.includes('--check')) {
  for (const { path } of stale) {
    console.error(`${path} is not current: run "npm run generate" and commit it`);
  }
  process.exitCode = stale.length === 0 ? 0 : 1;
} else {
  await Promise.all(stale.map(write));
}

async function currentContent({ path }: GeneratedFile): Promise<string | undefined> {
  try {
    return await readFile(join(root, path), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}

async function write(file: GeneratedFile): Promise<void> {
  const path = join(root, file.path);
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, file.content());
  console.log(`wrote ${file.path}`);
}
