import { defaultRegistryName, type EtcdRegistrySpec } from './etcd-registry.ts';
import type { Rule } from './rule.ts';

/** What a rule looks at: an EtcdRegistry whose spec has the right shape. */
export interface RegistrySubject {
  readonly name: string;
  readonly spec: EtcdRegistrySpec;
}

export const registryRules: readonly Rule<RegistrySubject>[] = [
  {
    at: '',
    field: 'metadata.name',
    cel: `self.metadata.name != '${defaultRegistryName}'`,
    message: 'must not be default, which is what the registry of --etcd is called',
    holds: ({ name }) => name !== defaultRegistryName,
  },
  {
    at: '',
    field: 'metadata.name',
    cel: 'self.metadata.name.size() <= 63',
    message: 'must have at most 63 characters, since Secrets bear it as the value of a label',
    holds: ({ name }) => name.length <= 63,
  },
  {
    at: 'spec',
    field: 'spec.endpoints',
    cel: "self.endpoints.all(url, url.startsWith('https:')) || self.endpoints.all(url, url.startsWith('http:'))",
    message: 'must all be https or all be http',
    holds: ({ spec: { endpoints } }) => endpoints.every(isSecure) || !endpoints.some(isSecure),
  },
  {
    at: 'spec',
    field: 'spec.tls',
    cel: "!has(self.tls) || self.endpoints.all(url, url.startsWith('https:'))",
    message: 'needs endpoints with https',
    holds: ({ spec: { tls, endpoints } }) => tls === undefined || endpoints.every(isSecure),
  },
  {
    at: 'spec.grants',
    field: 'spec.grants',
    cel: 'self.all(grant, has(grant.namespaces.names) != has(grant.namespaces.selector))',
    message: 'each needs exactly one of namespaces.names and namespaces.selector',
    holds: ({ spec: { grants = [] } }) =>
      grants.every(
        ({ namespaces: { names, selector } }) => (names === undefined) !== (selector === undefined),
      ),
  },
  {
    at: 'spec.grants',
    field: 'spec.grants',
    cel: "self.all(grant, !has(grant.namespaces.selector) || !has(grant.namespaces.selector.matchExpressions) || grant.namespaces.selector.matchExpressions.all(e, (e.operator in ['In', 'NotIn']) == (has(e.values) && e.values.size() > 0)))",
    message: 'In and NotIn need values, Exists and DoesNotExist have none',
    holds: ({ spec: { grants = [] } }) =>
      grants
        .flatMap(({ namespaces }) => namespaces.selector?.matchExpressions ?? [])
        .every(({ operator, values = [] }) => ['In', 'NotIn'].includes(operator) === values.length > 0),
  },
];

function isSecure(url: string): boolean {
  return url.startsWith('https:');
}
