import type { EtcdRegistrySpec, GrantSpec } from '../api/etcd-registry.ts';
import { isWithin } from '../config/allowed-prefix.ts';
import { holds } from '../endpoints/filter.ts';
import type { KeyRange } from '../etcd/types.ts';

/** Who asks for what of a registry. */
export interface Asked {
  readonly namespace: string;
  /** Labels of the namespace; undefined while they are not known. */
  readonly labels: Readonly<Record<string, string>> | undefined;
  /** The keys as the EtcdService names them, below the root. */
  readonly range: KeyRange;
}

/** What becomes of it. */
export type Access =
  | {
      readonly kind: 'granted';
      /** Ranges that published addresses must lie in; undefined: any will do. */
      readonly cidrs: readonly string[] | undefined;
    }
  /** No grant is for this namespace. */
  | { readonly kind: 'not-granted' }
  /** Grants are for it, but none for these keys; these are the prefixes that they are for. */
  | { readonly kind: 'outside'; readonly prefixes: readonly string[] }
  /** A grant is by labels, which are not known yet. */
  | { readonly kind: 'unknown' };

/**
 * What the grants of a registry say. Where several are for a namespace and a range of keys, their addresses add up. Without any the
 * controller's own namespace may publish everything, and nobody else anything.
 */
export function accessOf(
  grants: EtcdRegistrySpec['grants'],
  { namespace, labels, range }: Asked,
  ownNamespace: string,
): Access {
  if (grants === undefined) {
    return namespace === ownNamespace ? { kind: 'granted', cidrs: undefined } : { kind: 'not-granted' };
  }
  // All of them are needed: one that is left out for now could be the one that lets an address pass.
  if (labels === undefined && needsLabels(grants)) {
    return { kind: 'unknown' };
  }
  const own = grants.filter((grant) => isFor(grant, namespace, labels ?? {}));
  if (own.length === 0) {
    return { kind: 'not-granted' };
  }
  const fitting = own.filter((grant) =>
    prefixesOf(grant, namespace).some((prefix) => isWithin(prefix, range)),
  );
  if (fitting.length === 0) {
    return { kind: 'outside', prefixes: own.flatMap((grant) => prefixesOf(grant, namespace)) };
  }
  return { kind: 'granted', cidrs: addressesOf(fitting) };
}

/** Whether a grant is by the labels of namespaces. */
export function needsLabels(grants: EtcdRegistrySpec['grants'] = []): boolean {
  return grants.some(({ namespaces }) => namespaces.selector !== undefined);
}

function isFor(
  { namespaces: { names, selector } }: GrantSpec,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): boolean {
  if (selector === undefined) {
    return names?.includes(namespace) === true;
  }
  const { matchLabels = {}, matchExpressions = [] } = selector;
  const labelOf = (key: string): string | undefined => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return (
    Object.entries(matchLabels).every(([key, value]) => labelOf(key) === value) &&
    matchExpressions.every((expression) => holds(expression, labelOf(expression.key)))
  );
}

function prefixesOf({ prefixes }: GrantSpec, namespace: string): readonly string[] {
  return prefixes.map((prefix) => prefix.replaceAll('{namespace}', namespace));
}

function addressesOf(grants: readonly GrantSpec[]): readonly string[] | undefined {
  const isBounded = grants.every(({ cidrs = [] }) => cidrs.length > 0);
  return isBounded ? grants.flatMap(({ cidrs = [] }) => cidrs) : undefined;
}
