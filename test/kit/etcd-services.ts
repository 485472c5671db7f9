import type { EtcdService, EtcdServiceInput } from '../../src/api/etcd-service.ts';
import { rules } from '../../src/api/rules.ts';

export function etcdService(name: string, spec: unknown): EtcdService {
  return {
    apiVersion: 'etcd-endpoints.io/v1alpha1',
    kind: 'EtcdService',
    metadata: { name },
    spec,
  };
}

/** What a rule accepts and what it refuses. */
export interface RuleExample {
  readonly valid: EtcdService;
  readonly invalid: EtcdService;
  /** The object before the update, for rules that forbid a change. */
  readonly before?: EtcdService;
}

const prefix = '/services/web';
const web = (spec: Partial<EtcdServiceInput>): EtcdService => etcdService('web', { prefix, ...spec });
const port = (name: string, number: number, protocol: 'TCP' | 'UDP' = 'TCP') => ({
  name,
  port: number,
  protocol,
});

/** One example or more for each rule, by the rule's field and message. */
const examples: Readonly<Record<string, readonly RuleExample[]>> = {
  'metadata.name: must be a DNS label: at most 63 lower-case letters, digits and hyphens': [
    { valid: etcdService('a'.repeat(63), { prefix }), invalid: etcdService('a'.repeat(64), { prefix }) },
    { valid: etcdService('web-2', { prefix }), invalid: etcdService('web.2', { prefix }) },
  ],
  'spec.service.name: cannot be changed; create another EtcdService instead': [
    {
      before: web({}),
      valid: web({ service: { name: 'web' } }),
      invalid: web({ service: { name: 'other' } }),
    },
    { before: web({ service: { name: 'a' } }), valid: web({ service: { name: 'a' } }), invalid: web({}) },
  ],
  'spec.service.type: cannot be changed; delete the EtcdService and create it again instead': [
    {
      before: web({ service: { type: 'Headless' } }),
      valid: web({ service: { type: 'Headless', deletionPolicy: 'Retain' } }),
      invalid: web({ service: { type: 'ClusterIP' } }),
    },
    {
      before: web({}),
      valid: web({ service: { type: 'ClusterIP' } }),
      invalid: web({ service: { type: 'Headless' } }),
    },
  ],
  'spec.service.ipFamilies: may name each family once': [
    {
      valid: web({ service: { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv6', 'IPv4'] } }),
      invalid: web({ service: { ipFamilyPolicy: 'PreferDualStack', ipFamilies: ['IPv4', 'IPv4'] } }),
    },
  ],
  'spec.service.ipFamilyPolicy: must be PreferDualStack or RequireDualStack where ipFamilies names two': [
    {
      valid: web({ service: { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv4', 'IPv6'] } }),
      invalid: web({ service: { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4', 'IPv6'] } }),
    },
    {
      valid: web({ service: { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] } }),
      invalid: web({ service: { ipFamilies: ['IPv4', 'IPv6'] } }),
    },
  ],
  'spec.topology.hints: needs topology.zone': [
    {
      valid: web({ topology: { zone: { path: '.zone' }, hints: 'Zone' } }),
      invalid: web({ topology: { hints: 'Zone' } }),
    },
    { valid: web({ topology: { hints: 'None' } }), invalid: web({ topology: { hints: 'Zone' } }) },
  ],
  'spec.slices.labels: must name no label of kubernetes.io, k8s.io or etcd-endpoints.io': [
    ...['app.kubernetes.io/version', 'k8s.io/version', 'etcd-endpoints.io/version'].map((name) => ({
      valid: web({ slices: { labels: [{ name: 'version', path: '.version' }] } }),
      invalid: web({ slices: { labels: [{ name, path: '.version' }] } }),
    })),
    {
      valid: web({ slices: { labels: [{ name: 'notk8s.io/version', path: "['k8s.io/v']" }] } }),
      invalid: web({ slices: { labels: [{ name: 'x.y.k8s.io/version', path: '.version' }] } }),
    },
  ],
  'spec.registryRef.name: must not be default; leave registryRef out for the registry of --etcd': [
    { valid: web({ registryRef: { name: 'company' } }), invalid: web({ registryRef: { name: 'default' } }) },
  ],
  'spec.prefix: exactly one of prefix and key is needed': [
    { valid: etcdService('web', { prefix: 'user.rpc' }), invalid: etcdService('web', {}) },
    { valid: etcdService('web', { key: '/a' }), invalid: etcdService('web', { key: '/a', prefix }) },
  ],
  'spec.layout: needs a prefix and a separator': [
    {
      valid: web({ layout: '{zone}/{instance}' }),
      invalid: etcdService('web', { key: '/a', layout: '{zone}' }),
    },
    {
      valid: web({ layout: '{zone}.{instance}', separator: '.' }),
      invalid: web({ layout: '{zone}', separator: '' }),
    },
  ],
  'spec.layout: each part between separators must be a {name} or a text without braces': [
    { valid: web({ layout: 'v1/{zone}/{instance}' }), invalid: web({ layout: '{zone}-{instance}' }) },
    { valid: web({ layout: '{zone}' }), invalid: web({ layout: '{zone}//{instance}' }) },
  ],
  'spec.layout: each {name} may stand once': [
    { valid: web({ layout: '{a}/{b}' }), invalid: web({ layout: '{a}/{b}/{a}' }) },
  ],
  'spec.json: needs format: json': [
    { valid: web({ format: 'json', json: { address: '.ip' } }), invalid: web({ json: { address: '.ip' } }) },
    { valid: web({ format: 'json' }), invalid: web({ format: 'plain', json: {} }) },
  ],
  'spec.patroni: needs format: patroni': [
    {
      valid: web({ format: 'patroni', patroni: { role: 'Replica' } }),
      invalid: web({ patroni: { role: 'Replica' } }),
    },
    { valid: web({ format: 'patroni' }), invalid: web({ format: 'auto', patroni: {} }) },
  ],
  'spec.rpcx: needs format: rpcx': [
    { valid: web({ format: 'rpcx', rpcx: { group: 'test' } }), invalid: web({ rpcx: { group: 'test' } }) },
    { valid: web({ format: 'rpcx' }), invalid: web({ format: 'plain', rpcx: {} }) },
  ],
  'spec.portsFrom: must not stand beside ports': [
    {
      valid: web({ portsFrom: 'Registrations' }),
      invalid: web({ portsFrom: 'Registrations', ports: [{ port: 80 }] }),
    },
  ],
  'spec.ports: each of several ports needs a name': [
    { valid: web({ ports: [{ port: 80 }] }), invalid: web({ ports: [{ port: 80 }, port('b', 81)] }) },
  ],
  'spec.ports: no two may have the same name': [
    {
      valid: web({ ports: [port('a', 53), port('b', 53, 'UDP')] }),
      invalid: web({ ports: [port('a', 53), port('a', 54)] }),
    },
    {
      valid: web({ ports: [{ port: 80 }] }),
      invalid: web({ ports: [port('a', 53), port('b', 54), port('a', 53, 'UDP')] }),
    },
  ],
  'spec.filter.matchExpressions: In and NotIn need values, Exists and DoesNotExist have none': [
    {
      valid: web({ filter: { matchExpressions: [{ key: 'weight', operator: 'NotIn', values: ['0'] }] } }),
      invalid: web({ filter: { matchExpressions: [{ key: 'weight', operator: 'In' }] } }),
    },
    {
      valid: web({ filter: { matchExpressions: [{ key: 'weight', operator: 'Exists', values: [] }] } }),
      invalid: web({ filter: { matchExpressions: [{ key: 'weight', operator: 'Exists', values: ['0'] }] } }),
    },
  ],
};

/** Each rule by its field and message, with its examples: none where nobody wrote any. */
export const ruleExamples = rules
  .map(({ field, message }) => `${field}: ${message}`)
  .map((title) => ({ title, examples: examples[title] ?? [] }));
