import { schemaOf } from '../../src/api/crd.ts';
import { etcdCatalogKind } from '../../src/api/kinds.ts';
import { fieldTable, rulesSection } from './fields.ts';
import { page } from './markdown.ts';

export function etcdCatalogPage(): string {
  const { spec = {}, status = {} } = schemaOf(etcdCatalogKind).properties ?? {};
  return page(
    'EtcdCatalog',
    '`apiVersion: etcd-endpoints.io/v1alpha1`, `kind: EtcdCatalog`, short name `etcdcat`; it belongs to no namespace. [Catalogs](../catalogs.md) shows how it is used.',
    `## spec\n\n${fieldTable('spec', spec)}`,
    rulesSection(etcdCatalogKind.rules),
    `## status\n\n${fieldTable('status', status)}`,
  );
}
