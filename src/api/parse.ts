import type { z } from 'zod';
import { type EtcdCatalog, type EtcdCatalogSpec, etcdCatalogSpecSchema } from './etcd-catalog.ts';
import { catalogRules } from './etcd-catalog-rules.ts';
import { type EtcdRegistry, type EtcdRegistrySpec, etcdRegistrySpecSchema } from './etcd-registry.ts';
import { registryRules } from './etcd-registry-rules.ts';
import { type EtcdService, type EtcdServiceSpec, etcdServiceSpecSchema } from './etcd-service.ts';
import type { Rule } from './rule.ts';
import { rules } from './rules.ts';

/** Something wrong with a custom resource: a field and what it must be. */
export interface Problem {
  /** Such as `spec.ports[0].port`. */
  readonly path: string;
  readonly message: string;
}

export type Parsed<Spec> = { readonly ok: Spec } | { readonly problems: readonly Problem[] };

export type ParsedSpec = Parsed<EtcdServiceSpec>;

/** More problems of one object help nobody, and a list without bounds in an older CRD could have any number. */
const mostProblems = 10;
const longestPath = 256;

/**
 * Parses the spec of an EtcdService and checks every rule, whatever an older CRD or an apiserver without CEL let in. Never throws.
 * Unknown fields are ignored, defaults filled in. `old` is the object before an update, where it is known: only then are the rules
 * checked that forbid a change.
 */
export function parseSpec(object: EtcdService, old?: EtcdService): ParsedSpec {
  return parse(etcdServiceSpecSchema, rules, object, old);
}

/** The same for an EtcdRegistry. */
export function parseRegistrySpec(object: EtcdRegistry): Parsed<EtcdRegistrySpec> {
  return parse(etcdRegistrySpecSchema, registryRules, object, undefined);
}

/** The same for an EtcdCatalog. */
export function parseCatalogSpec(object: EtcdCatalog): Parsed<EtcdCatalogSpec> {
  return parse(etcdCatalogSpecSchema, catalogRules, object, undefined);
}

/** All that is wrong, in one line. */
export function problemsText(problems: readonly Problem[]): string {
  return problems.map(({ path, message }) => `${path} ${message}`).join('; ');
}

interface Unread {
  readonly metadata: { readonly name: string };
  readonly spec?: unknown;
}

function parse<Spec>(
  schema: z.ZodType<Spec>,
  checked: readonly Rule<{ readonly name: string; readonly spec: Spec }>[],
  object: Unread,
  old: Unread | undefined,
): Parsed<Spec> {
  const shaped = schema.safeParse(object.spec);
  if (!shaped.success) {
    const issues = shaped.error.issues.slice(0, mostProblems);
    return { problems: issues.map(({ path, message }) => ({ path: showPath(path), message })) };
  }
  const subject = { name: object.metadata.name, spec: shaped.data };
  const before = old && subjectOf(schema, old);
  const problems = checked
    .filter((rule) => !rule.holds(subject, before))
    .map(({ field, message }) => ({ path: field, message }));
  return problems.length === 0 ? { ok: shaped.data } : { problems };
}

function subjectOf<Spec>(
  schema: z.ZodType<Spec>,
  { metadata, spec }: Unread,
): { readonly name: string; readonly spec: Spec } | undefined {
  const shaped = schema.safeParse(spec);
  return shaped.success ? { name: metadata.name, spec: shaped.data } : undefined;
}

function showPath(path: readonly PropertyKey[]): string {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  return `spec${steps.join('')}`.slice(0, longestPath);
}
