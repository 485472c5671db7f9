import type { EtcdCatalogSpec } from './etcd-catalog.ts';
import type { Rule } from './rule.ts';

/** What a rule looks at: an EtcdCatalog whose spec has the right shape. */
export interface CatalogSubject {
  readonly name: string;
  readonly spec: EtcdCatalogSpec;
}

const part = '^([^{}]+|[{][A-Za-z0-9_][A-Za-z0-9_.-]*[}])?$';
const parts = 'self.pattern.split(self.separator)';

const ownDomain = 'etcd-endpoints.io/';

export const catalogRules: readonly Rule<CatalogSubject>[] = [
  {
    at: '',
    field: 'metadata.name',
    cel: 'self.metadata.name.size() <= 63',
    message: 'must have at most 63 characters, since EtcdServices bear it as the value of a label',
    holds: ({ name }) => name.length <= 63,
  },
  {
    at: 'spec',
    field: 'spec.pattern',
    cel: `${parts}.all(part, part.matches('${part}'))`,
    message: 'each part between separators must be a {name} or a text without braces',
    holds: ({ spec }) => spec.pattern.split(spec.separator).every((text) => new RegExp(part).test(text)),
  },
  {
    at: 'spec',
    field: 'spec.pattern',
    cel: `'{service}' in ${parts}`,
    message: 'needs the part {service}',
    holds: ({ spec }) => spec.pattern.split(spec.separator).includes('{service}'),
  },
  {
    at: 'spec',
    field: 'spec.pattern',
    cel: `${parts}.filter(part, part.startsWith('{')).all(part, self.pattern.indexOf(part) == self.pattern.lastIndexOf(part))`,
    message: 'each {name} may stand once',
    holds: ({ spec }) => {
      const names = spec.pattern.split(spec.separator).filter((text) => text.startsWith('{'));
      return new Set(names).size === names.length;
    },
  },
  {
    at: 'spec',
    field: 'spec.pattern',
    cel: "!self.pattern.contains('{instance}') || self.pattern.endsWith('{instance}')",
    message: 'can have {instance} as its last part alone',
    holds: ({ spec: { pattern } }) => !pattern.includes('{instance}') || pattern.endsWith('{instance}'),
  },
  {
    at: 'spec',
    field: 'spec.separator',
    cel: "!self.separator.contains('{') && !self.separator.contains('}')",
    message: 'must not hold braces',
    holds: ({ spec }) => !/[{}]/.test(spec.separator),
  },
  {
    at: 'spec',
    field: 'spec.namespaces',
    cel: "self.namespaces.all(rule, rule.name.findAll('[{][^}]*[}]').all(one, one != '{instance}' && self.pattern.contains(one)))",
    message: 'may have in name only a {name} that the pattern has, and not {instance}',
    holds: ({ spec: { namespaces, pattern } }) =>
      namespaces
        .flatMap(({ name }) => name.match(/[{][^}]*[}]/g) ?? [])
        .every((one) => isKnown(one, pattern)),
  },
  {
    at: 'spec',
    field: 'spec.namespaces',
    cel: "self.namespaces.all(rule, !has(rule.match) || rule.match.all(name, name != 'instance' && self.pattern.contains('{' + name + '}')))",
    message: 'may have in match only names that the pattern has, and not instance',
    holds: ({ spec: { namespaces, pattern } }) =>
      namespaces
        .flatMap(({ match = {} }) => Object.keys(match))
        .every((name) => isKnown(`{${name}}`, pattern)),
  },
  ...(['labels', 'annotations'] as const).map(
    (kind): Rule<CatalogSubject> => ({
      at: 'spec.template',
      field: `spec.template.metadata.${kind}`,
      cel: `!has(self.metadata) || !has(self.metadata.${kind}) || self.metadata.${kind}.all(name, !name.startsWith('${ownDomain}'))`,
      message: `must have none that begins with ${ownDomain}, which are the controller's own`,
      holds: ({ spec: { template } }) =>
        Object.keys(template.metadata?.[kind] ?? {}).every((name) => !name.startsWith(ownDomain)),
    }),
  ),
];

function isKnown(placeholder: string, pattern: string): boolean {
  return placeholder !== '{instance}' && pattern.includes(placeholder);
}
