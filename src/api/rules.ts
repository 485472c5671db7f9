import { formatBlocks } from '../formats/formats.ts';
import { placeholderName } from '../formats/layout.ts';
import { defaultRegistryName } from './etcd-registry.ts';
import { type EtcdServiceSpec, serviceNameOf } from './etcd-service.ts';
import type { Rule as RuleOf } from './rule.ts';
import { reservedLabel } from './slices.ts';

/** What a rule looks at: an EtcdService whose spec has the right shape. */
export interface Subject {
  readonly name: string;
  readonly spec: EtcdServiceSpec;
}

type Rule = RuleOf<Subject>;

const dnsLabel = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

const nameRules: readonly Rule[] = [
  {
    at: '',
    field: 'metadata.name',
    cel: `self.metadata.name.size() <= 63 && self.metadata.name.matches('${dnsLabel.source}')`,
    message: 'must be a DNS label: at most 63 lower-case letters, digits and hyphens',
    holds: ({ name }) => name.length <= 63 && dnsLabel.test(name),
  },
  {
    at: '',
    field: 'spec.service.name',
    cel: '(has(self.spec.service.name) ? self.spec.service.name : self.metadata.name) == (has(oldSelf.spec.service.name) ? oldSelf.spec.service.name : oldSelf.metadata.name)',
    message: 'cannot be changed; create another EtcdService instead',
    holds: ({ name, spec }, old) =>
      old === undefined || serviceNameOf(name, spec) === serviceNameOf(old.name, old.spec),
  },
  {
    // Not at spec.service: the apiserver would try the rule on the default `{}` itself, which has no type yet.
    at: 'spec',
    field: 'spec.service.type',
    cel: 'self.service.type == oldSelf.service.type',
    message: 'cannot be changed; delete the EtcdService and create it again instead',
    holds: ({ spec }, old) => old === undefined || spec.service.type === old.spec.service.type,
  },
];

const familyRules: readonly Rule[] = [
  {
    at: 'spec.service.ipFamilies',
    field: 'spec.service.ipFamilies',
    cel: 'self.size() < 2 || self[0] != self[1]',
    message: 'may name each family once',
    holds: ({ spec: { service } }) => new Set(service.ipFamilies).size === (service.ipFamilies ?? []).length,
  },
  {
    at: 'spec.service',
    field: 'spec.service.ipFamilyPolicy',
    cel: "!has(self.ipFamilies) || self.ipFamilies.size() < 2 || (has(self.ipFamilyPolicy) && self.ipFamilyPolicy != 'SingleStack')",
    message: 'must be PreferDualStack or RequireDualStack where ipFamilies names two',
    holds: ({ spec: { service } }) =>
      (service.ipFamilies ?? []).length < 2 || (service.ipFamilyPolicy ?? 'SingleStack') !== 'SingleStack',
  },
];

const topologyRules: readonly Rule[] = [
  {
    at: 'spec.topology',
    field: 'spec.topology.hints',
    cel: "self.hints == 'None' || has(self.zone)",
    message: 'needs topology.zone',
    holds: ({ spec: { topology } }) =>
      topology === undefined || topology.hints === 'None' || topology.zone !== undefined,
  },
];

const sliceRules: readonly Rule[] = [
  {
    at: 'spec.slices.labels',
    field: 'spec.slices.labels',
    cel: `self.all(label, !label.name.matches('${reservedLabel.source.replaceAll('\\/', '/')}'))`,
    message: 'must name no label of kubernetes.io, k8s.io or etcd-endpoints.io',
    holds: ({ spec: { slices } }) => !(slices?.labels ?? []).some(({ name }) => reservedLabel.test(name)),
  },
];

const sourceRules: readonly Rule[] = [
  {
    at: 'spec',
    field: 'spec.registryRef.name',
    cel: `!has(self.registryRef) || self.registryRef.name != '${defaultRegistryName}'`,
    message: 'must not be default; leave registryRef out for the registry of --etcd',
    holds: ({ spec: { registryRef } }) => registryRef?.name !== defaultRegistryName,
  },
  {
    at: 'spec',
    field: 'spec.prefix',
    cel: 'has(self.prefix) != has(self.key)',
    message: 'exactly one of prefix and key is needed',
    holds: ({ spec }) => (spec.prefix === undefined) !== (spec.key === undefined),
  },
  {
    at: 'spec',
    field: 'spec.layout',
    cel: "!has(self.layout) || (has(self.prefix) && self.separator != '')",
    message: 'needs a prefix and a separator',
    holds: ({ spec }) => spec.layout === undefined || (spec.prefix !== undefined && spec.separator !== ''),
  },
  {
    at: 'spec',
    field: 'spec.layout',
    cel: "!has(self.layout) || self.layout.split(self.separator).all(part, part.matches('^([^{}]+|[{][^{}]+[}])$'))",
    message: 'each part between separators must be a {name} or a text without braces',
    holds: ({ spec }) => layoutParts(spec).every((part) => /^([^{}]+|[{][^{}]+[}])$/.test(part)),
  },
  {
    at: 'spec',
    field: 'spec.layout',
    cel: "!has(self.layout) || self.layout.split(self.separator).filter(part, part.startsWith('{')).all(part, self.layout.indexOf(part) == self.layout.lastIndexOf(part))",
    message: 'each {name} may stand once',
    holds: ({ spec }) => {
      const names = layoutParts(spec).filter((part) => placeholderName(part) !== undefined);
      return new Set(names).size === names.length;
    },
  },
];

/** A format's block of options without that format would do nothing. */
const formatRules: readonly Rule[] = (Object.keys(formatBlocks) as (keyof typeof formatBlocks)[]).map(
  (name) => ({
    at: 'spec',
    field: `spec.${name}`,
    cel: `!has(self.${name}) || self.format == '${name}'`,
    message: `needs format: ${name}`,
    holds: ({ spec }) => spec[name] === undefined || spec.format === name,
  }),
);

const listRules: readonly Rule[] = [
  {
    at: 'spec',
    field: 'spec.portsFrom',
    cel: '!has(self.portsFrom) || !has(self.ports)',
    message: 'must not stand beside ports',
    holds: ({ spec: { ports, portsFrom } }) => portsFrom === undefined || ports === undefined,
  },
  {
    at: 'spec.ports',
    field: 'spec.ports',
    cel: "self.size() == 1 || self.all(port, has(port.name) && port.name != '')",
    message: 'each of several ports needs a name',
    holds: ({ spec: { ports = [] } }) => ports.length <= 1 || ports.every(({ name }) => name !== ''),
  },
  {
    at: 'spec.ports',
    field: 'spec.ports',
    cel: 'self.all(one, !has(one.name) || self.exists_one(other, has(other.name) && other.name == one.name))',
    message: 'no two may have the same name',
    holds: ({ spec: { ports = [] } }) => new Set(ports.map(({ name }) => name)).size === ports.length,
  },
  {
    at: 'spec.filter.matchExpressions',
    field: 'spec.filter.matchExpressions',
    cel: "self.all(e, (e.operator in ['In', 'NotIn']) == (has(e.values) && e.values.size() > 0))",
    message: 'In and NotIn need values, Exists and DoesNotExist have none',
    holds: ({ spec }) =>
      (spec.filter?.matchExpressions ?? []).every(
        ({ operator, values = [] }) => ['In', 'NotIn'].includes(operator) === values.length > 0,
      ),
  },
];

export const rules: readonly Rule[] = [
  ...nameRules,
  ...familyRules,
  ...topologyRules,
  ...sliceRules,
  ...sourceRules,
  ...formatRules,
  ...listRules,
];

function layoutParts({ layout, separator }: EtcdServiceSpec): readonly string[] {
  return layout === undefined ? [] : layout.split(separator);
}
