import type { EtcdRegistry, EtcdRegistryInput } from '../../src/api/etcd-registry.ts';
import { registryRules } from '../../src/api/etcd-registry-rules.ts';

const endpoints = ['https://10.0.0.1:2379'];

/** An EtcdRegistry as a user writes it. */
export function etcdRegistry(name: string, spec: Partial<EtcdRegistryInput> = {}): EtcdRegistry {
  return {
    apiVersion: 'etcd-endpoints.io/v1alpha1',
    kind: 'EtcdRegistry',
    metadata: { name },
    spec: { endpoints, ...spec },
  };
}

/** What a rule accepts and what it refuses. */
export interface RegistryExample {
  readonly valid: EtcdRegistry;
  readonly invalid: EtcdRegistry;
}

const company = (spec: Partial<EtcdRegistryInput>): EtcdRegistry => etcdRegistry('company', spec);
const prefixes = ['/'];

/** One example or more for each rule, by the rule's field and message. */
const examples: Readonly<Record<string, readonly RegistryExample[]>> = {
  'metadata.name: must not be default, which is what the registry of --etcd is called': [
    { valid: etcdRegistry('default-2'), invalid: etcdRegistry('default') },
  ],
  'metadata.name: must have at most 63 characters, since Secrets bear it as the value of a label': [
    { valid: etcdRegistry('a'.repeat(63)), invalid: etcdRegistry('a'.repeat(64)) },
  ],
  'spec.endpoints: must all be https or all be http': [
    {
      valid: company({ endpoints: ['http://a:1', 'http://[::1]:2'] }),
      invalid: company({ endpoints: ['http://a:1', 'https://b:2'] }),
    },
  ],
  'spec.tls: needs endpoints with https': [
    {
      valid: company({ tls: { serverName: 'etcd' } }),
      invalid: company({ endpoints: ['http://a:1'], tls: { serverName: 'etcd' } }),
    },
  ],
  'spec.grants: each needs exactly one of namespaces.names and namespaces.selector': [
    {
      valid: company({ grants: [{ namespaces: { names: ['shop'] }, prefixes }] }),
      invalid: company({ grants: [{ namespaces: {}, prefixes }] }),
    },
    {
      valid: company({ grants: [{ namespaces: { selector: {} }, prefixes }] }),
      invalid: company({ grants: [{ namespaces: { names: ['shop'], selector: {} }, prefixes }] }),
    },
  ],
  'spec.grants: In and NotIn need values, Exists and DoesNotExist have none': [
    {
      valid: company({
        grants: [
          {
            namespaces: { selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] } },
            prefixes,
          },
        ],
      }),
      invalid: company({
        grants: [
          { namespaces: { selector: { matchExpressions: [{ key: 'a', operator: 'In' }] } }, prefixes },
        ],
      }),
    },
  ],
};

/** Each rule by its field and message, with its examples: none where nobody wrote any. */
export const registryExamples = registryRules
  .map(({ field, message }) => `${field}: ${message}`)
  .map((title) => ({ title, examples: examples[title] ?? [] }));
