import { type EtcdService, type EtcdServiceSpec, etcdServiceSpecSchema } from './etcd-service.ts';
import { rules, type Subject } from './rules.ts';

/** Something wrong with an EtcdService: a field and what it must be. */
export interface Problem {
  /** Such as `spec.ports[0].port`. */
  readonly path: string;
  readonly message: string;
}

export type ParsedSpec = { readonly ok: EtcdServiceSpec } | { readonly problems: readonly Problem[] };

/** More problems of one object help nobody, and a list without bounds in an older CRD could have any number. */
const mostProblems = 10;
const longestPath = 256;

/**
 * Parses the spec of an EtcdService and checks every rule, whatever an older CRD or an apiserver without CEL let in. Never throws.
 * Unknown fields are ignored, defaults filled in. `old` is the object before an update, where it is known: only then are the rules
 * checked that forbid a change.
 */
export function parseSpec(object: EtcdService, old?: EtcdService): ParsedSpec {
  const shaped = etcdServiceSpecSchema.safeParse(object.spec);
  if (!shaped.success) {
    const issues = shaped.error.issues.slice(0, mostProblems);
    return { problems: issues.map(({ path, message }) => ({ path: showPath(path), message })) };
  }
  const subject = { name: object.metadata.name, spec: shaped.data };
  const before = old && subjectOf(old);
  const problems = rules
    .filter((rule) => !rule.holds(subject, before))
    .map(({ field, message }) => ({ path: field, message }));
  return problems.length === 0 ? { ok: shaped.data } : { problems };
}

function subjectOf(object: EtcdService): Subject | undefined {
  const shaped = etcdServiceSpecSchema.safeParse(object.spec);
  return shaped.success ? { name: object.metadata.name, spec: shaped.data } : undefined;
}

function showPath(path: readonly PropertyKey[]): string {
  const steps = path.map((step) => (typeof step === 'number' ? `[${step}]` : `.${String(step)}`));
  return `spec${steps.join('')}`.slice(0, longestPath);
}
