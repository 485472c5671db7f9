import { type AddressMatcher, cidrMatcher } from '../formats/cidr.ts';
import type { Instance } from '../formats/types.ts';

/** Why an instance is filtered out: the field of `spec.filter` that it does not pass. */
export type FilterReason = 'matchMetadata' | 'matchExpressions' | 'cidrs' | 'excludeCIDRs';

/** A requirement on metadata, with the meaning of Kubernetes label selectors: `NotIn` holds where the key is absent too. */
export interface MatchExpression {
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  readonly values?: readonly string[] | undefined;
}

/** What instances must have to be published; every field that is there must hold. */
export interface Filter {
  readonly matchMetadata?: Readonly<Record<string, string>> | undefined;
  readonly matchExpressions?: readonly MatchExpression[] | undefined;
  /** Ranges that an address must lie in; empty or absent: any. */
  readonly cidrs?: readonly string[] | undefined;
  readonly excludeCIDRs?: readonly string[] | undefined;
}

/** Says why an instance is filtered out; undefined where it is kept. */
export type InstanceFilter = (instance: Instance) => FilterReason | undefined;

const keepsAll: InstanceFilter = () => undefined;

/** Compiles a filter once for many instances. */
export function compileFilter(filter: Filter | undefined): InstanceFilter {
  if (filter === undefined) {
    return keepsAll;
  }
  const { matchMetadata = {}, matchExpressions = [], cidrs = [], excludeCIDRs = [] } = filter;
  const equalities = Object.entries(matchMetadata);
  const included: AddressMatcher = cidrs.length === 0 ? () => true : cidrMatcher(cidrs);
  const excluded = cidrMatcher(excludeCIDRs);
  return ({ address, metadata }) => {
    if (!equalities.every(([key, value]) => metadataOf(metadata, key) === value)) {
      return 'matchMetadata';
    }
    if (!matchExpressions.every((expression) => holds(expression, metadataOf(metadata, expression.key)))) {
      return 'matchExpressions';
    }
    if (!included(address)) {
      return 'cidrs';
    }
    return excluded(address) ? 'excludeCIDRs' : undefined;
  };
}

/** Whether a value, undefined where there is none, meets a requirement. */
export function holds({ operator, values = [] }: MatchExpression, value: string | undefined): boolean {
  switch (operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
  }
}

function metadataOf(metadata: Instance['metadata'], key: string): string | undefined {
  return Object.hasOwn(metadata, key) ? metadata[key] : undefined;
}
