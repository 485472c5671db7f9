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
import { installManifest } from './chart/install-manifest.ts';
import { chartReadme } from './chart/readme.ts';
import { rightsTemplate } from './chart/rights-template.ts';
import { schemaJson } from './chart/schema.ts';
import { Cache, cacheRoot } from './control-plane/cache.ts';
import { findHelm } from './control-plane/helm.ts';
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
import { reliabilityPage } from './reference/reliability.ts';

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
  { path: 'docs/reliability.md', content: reliabilityPage },
];

const root = join(import.meta.dirname, '..');
const isCheck = process.argv.includes('--check');

for (const file of files) {
  await keepCurrent(file.path, file.content());
}
// Made of what was just written, by helm.
const { env: environment } = process;
const cache = new Cache(cacheRoot(environment));
const helm = await findHelm({ cache, environment, report: (line) => console.error(line) });
if (helm === undefined) {
  console.error('dist/install.yaml is left as it is: it needs helm');
} else {
  await keepCurrent('dist/install.yaml', await installManifest(helm));
}

async function keepCurrent(path: string, content: string): Promise<void> {
  if ((await currentContent(path)) === content) {
    return;
  }
  if (isCheck) {
    console.error(`${path} is not current: run "npm run generate" and commit it`);
    process.exitCode = 1;
    return;
  }
  await mkdir(dirname(join(root, path)), { recursive: true });
  await writeFile(join(root, path), content);
  console.log(`wrote ${path}`);
}

async function currentContent(path: string): Promise<string | undefined> {
  try {
    return await readFile(join(root, path), 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') {
      return undefined;
    }
    throw error;
  }
}
