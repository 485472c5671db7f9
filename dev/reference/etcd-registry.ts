import { schemaOf } from '../../src/api/crd.ts';
import { etcdRegistryKind } from '../../src/api/kinds.ts';
import { fieldTable, rulesSection } from './fields.ts';
import { page } from './markdown.ts';

export function etcdRegistryPage(): string {
  const { spec = {}, status = {} } = schemaOf(etcdRegistryKind).properties ?? {};
  return page(
    'EtcdRegistry',
    '`apiVersion: etcd-endpoints.io/v1alpha1`, `kind: EtcdRegistry`, short name `etcdreg`; it belongs to no namespace. [Registries](../registries.md) shows how it is used.',
    `## spec\n\n${fieldTable('spec', spec)}`,
    rulesSection(etcdRegistryKind.rules),
    `## status\n\n${fieldTable('status', status)}`,
  );
}
