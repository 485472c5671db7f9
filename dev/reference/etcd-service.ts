import { schemaOf } from '../../src/api/crd.ts';
import { etcdServiceKind } from '../../src/api/kinds.ts';
import { fieldTable, rulesSection } from './fields.ts';
import { page } from './markdown.ts';

export function etcdServicePage(): string {
  const { spec = {}, status = {} } = schemaOf(etcdServiceKind).properties ?? {};
  return page(
    'EtcdService',
    '`apiVersion: etcd-endpoints.io/v1alpha1`, `kind: EtcdService`, short name `etcdsvc`.',
    `## spec\n\n${fieldTable('spec', spec)}`,
    rulesSection(etcdServiceKind.rules),
    '[Formats](../formats.md) says what each of `spec.format` reads.',
    `## status\n\n${fieldTable('status', status)}`,
  );
}
