/** Whether an installed CustomResourceDefinition knows all that ours does. Pure. */
import type { Crd } from '../api/crd.ts';

interface Version {
  readonly name: string;
  readonly schema?: object;
  readonly [field: string]: unknown;
}

/** The first place where the installed definition lacks something of ours, or has it otherwise; undefined where it is current. A newer one, with more fields, is. */
export function firstLack(ours: Crd, installed: unknown): string | undefined {
  const [wanted] = versionsOf(ours);
  const found = versionsOf(installed).find(({ name }) => name === wanted?.name);
  if (wanted === undefined || found === undefined) {
    return `version ${wanted?.name}`;
  }
  return lackOf(wanted.schema, found.schema, '');
}

function versionsOf(crd: unknown): readonly Version[] {
  return (crd as { spec?: { versions?: readonly Version[] } } | undefined)?.spec?.versions ?? [];
}

/** Descriptions are for people, and do not count; where `description` is the name of a field, it holds an object. */
function lackOf(wanted: unknown, found: unknown, path: string): string | undefined {
  if (!isObject(wanted)) {
    return wanted === found ? undefined : path;
  }
  if (!isObject(found) || Array.isArray(wanted) !== Array.isArray(found)) {
    return path;
  }
  if (Array.isArray(wanted) && Array.isArray(found) && wanted.length !== found.length) {
    return path;
  }
  for (const [key, value] of Object.entries(wanted)) {
    if (key === 'description' && typeof value === 'string') {
      continue;
    }
    const lack = lackOf(value, found[key], isFieldless(key) ? path : `${path}.${key}`);
    if (lack !== undefined) {
      return lack;
    }
  }
  return undefined;
}

/** Words of the schema's own that say nothing to who looks for a field. */
function isFieldless(key: string): boolean {
  return key === 'openAPIV3Schema' || key === 'properties';
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
