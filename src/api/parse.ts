import { type EtcdService, type EtcdServiceSpec, etcdServiceSpecSchema } from './etcd-service.ts';
import { rules, type Subject } from './rules.ts';

/** Something wrong with an EtcdService: a field and what it must be. */
export interface Problem {
  /** Such as `spec.ports[0].port`. */
  readonly path: string;
  readonly message: string;
}

export type ParsedSpec = { readonly ok: EtcdServiceSpec } | { readonly problems: readonly Problem[] };

/**
 * Parses the spec of an EtcdService and checks every rule, whatever an older CRD or an apiserver without CEL let in. Never throws.
 * Unknown fields are ignored, defaults filled in. `old` is the object before an update, where it is known: only then are the rules
 * checked that forbid a change.
 */
export function parseSpec(object: EtcdService, old?: EtcdService): ParsedSpec {
  const shaped = etcdServiceSpecSchema.safeParse(object.spec);
  if (!shaped.success) {
    return { problems: shaped.error.issues.map(({ path, message }) => ({ path: showPath(path), message })) };
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
  return path.reduce<string>(
    (text, step) => (typeof step === 'number' ? `${text}[${step}]` : `${text}.${String(step)}`),
    'spec',
  );
}
