import { objectSchema, type StructuralSchema } from '../../src/api/crd.ts';
import { rules } from '../../src/api/rules.ts';
import { page, table } from './markdown.ts';

export function etcdServicePage(): string {
  const { spec = {}, status = {} } = objectSchema().properties ?? {};
  return page(
    'EtcdService',
    '`apiVersion: etcd-endpoints.io/v1alpha1`, `kind: EtcdService`, short name `etcdsvc`.',
    `## spec\n\n${fieldTable('spec', spec)}`,
    `## Rules\n\nThe apiserver checks these from Kubernetes 1.25 on; the controller checks them everywhere.\n\n${table(
      ['Field', 'Rule'],
      rules.map(({ field, message }) => [`\`${field}\``, message]),
    )}`,
    '[Formats](../formats.md) says what each of `spec.format` reads.',
    `## status\n\n${fieldTable('status', status)}`,
  );
}

function fieldTable(path: string, schema: StructuralSchema): string {
  return table(['Field', 'Type', 'Default', 'Meaning'], fieldRows(path, schema));
}

function fieldRows(path: string, schema: StructuralSchema): readonly (readonly string[])[] {
  const required = new Set(schema.required);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const fieldPath = `${path}.${name}`;
    const byDefault = required.has(name) ? 'required' : defaultOf(field);
    const own = [`\`${fieldPath}\``, typeOf(field), byDefault, field.description ?? ''];
    return [own, ...fieldRows(fieldPath, field), ...fieldRows(`${fieldPath}[]`, field.items ?? {})];
  });
}

function defaultOf({ default: value }: StructuralSchema): string {
  return value === undefined || JSON.stringify(value) === '{}' ? '' : `\`${JSON.stringify(value)}\``;
}

function typeOf(schema: StructuralSchema): string {
  if (schema.enum !== undefined) {
    return schema.enum.map((value) => `\`${value}\``).join(', ');
  }
  if (schema.anyOf !== undefined) {
    return schema.anyOf.map(typeOf).join(' or ');
  }
  if (schema.items !== undefined) {
    return `list of ${typeOf(schema.items)}`;
  }
  return schema.additionalProperties === undefined
    ? (schema.type ?? '')
    : `map of ${typeOf(schema.additionalProperties)}`;
}
