import type { PlacedRule } from '../../src/api/rule.ts';
import type { StructuralSchema } from '../../src/api/structural-schema.ts';
import { table } from './markdown.ts';

/** A row for each field of a schema, with those below it. */
export function fieldTable(path: string, schema: StructuralSchema): string {
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

/** The section of what no schema can say. */
export function rulesSection(rules: readonly PlacedRule[]): string {
  const rows = rules.map(({ field, message }) => [`\`${field}\``, message]);
  return `## Rules\n\nThe apiserver checks these from Kubernetes 1.25 on; the controller checks them everywhere.\n\n${table(['Field', 'Rule'], rows)}`;
}
