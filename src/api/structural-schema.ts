import { z } from 'zod';
import type { PlacedRule } from './rule.ts';

/** The part of an OpenAPI schema that a structural schema of Kubernetes may have. */
export interface StructuralSchema {
  type?: string;
  description?: string;
  default?: unknown;
  enum?: readonly string[];
  required?: readonly string[];
  properties?: Record<string, StructuralSchema>;
  items?: StructuralSchema;
  additionalProperties?: StructuralSchema;
  anyOf?: StructuralSchema[];
  'x-kubernetes-validations'?: readonly { readonly rule: string; readonly message: string }[];
  [keyword: string]: unknown;
}

/** The structural schema of what a zod schema parses. */
export function structural(schema: z.ZodObject, description: string): StructuralSchema {
  const generated = z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }) as StructuralSchema;
  return { description, ...simplify(generated) };
}

/** Turns what zod generates into what Kubernetes knows: a structural schema has no unions but that of a number and a text. */
function simplify({
  properties,
  items,
  additionalProperties,
  anyOf,
  ...own
}: StructuralSchema): StructuralSchema {
  return {
    ...withoutEmptyDefault(own),
    ...(anyOf && intOrString(anyOf)),
    ...(properties && { properties: mapValues(properties, simplify) }),
    ...(items && { items: simplify(items) }),
    ...(additionalProperties && { additionalProperties: simplify(additionalProperties) }),
  };
}

/**
 * Leaves out defaults that are an empty text: an old apiserver compiled by a newer Go than its own takes that for null and refuses the CRD
 * (1.20 as distributions build it). The controller fills them in alone.
 */
function withoutEmptyDefault({ default: value, ...own }: StructuralSchema): StructuralSchema {
  return value === undefined || value === '' ? own : { default: value, ...own };
}

/** A bound on numbers leaves texts alone and a pattern leaves numbers alone, so that both stand side by side. */
function intOrString(anyOf: readonly StructuralSchema[]): StructuralSchema {
  const bounds = anyOf.map(({ type: _, ...bound }) => bound);
  return Object.assign(
    { 'x-kubernetes-int-or-string': true, anyOf: [{ type: 'integer' }, { type: 'string' }] },
    ...bounds,
  );
}

/** Adds a rule where it stands. */
export function addRule(schema: StructuralSchema, { at, cel, message, field }: PlacedRule): void {
  const target = at === '' ? schema : descend(schema, at.split('.'));
  const validations = target['x-kubernetes-validations'] ?? [];
  target['x-kubernetes-validations'] = [...validations, { rule: cel, message: `${field}: ${message}` }];
}

function descend(schema: StructuralSchema, path: readonly string[]): StructuralSchema {
  return path.reduce((parent, name) => {
    const child = parent.properties?.[name];
    if (child === undefined) {
      throw new TypeError(`a rule stands at ${path.join('.')}, but the schema has no ${name}`);
    }
    return child;
  }, schema);
}

function mapValues<T>(record: Readonly<Record<string, T>>, map: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, map(value)]));
}
