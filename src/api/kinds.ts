import { ageColumn, type Crd, conditionColumn, crdOf, type Kind, reasonColumn } from './crd.ts';
import { etcdCatalogResource, etcdCatalogSpecSchema } from './etcd-catalog.ts';
import { catalogRules } from './etcd-catalog-rules.ts';
import { etcdCatalogStatusSchema } from './etcd-catalog-status.ts';
import { etcdRegistryResource, etcdRegistrySpecSchema } from './etcd-registry.ts';
import { registryRules } from './etcd-registry-rules.ts';
import { etcdRegistryStatusSchema } from './etcd-registry-status.ts';
import { etcdServiceResource, etcdServiceSpecSchema } from './etcd-service.ts';
import { etcdServiceStatusSchema } from './etcd-service-status.ts';
import { rules } from './rules.ts';

export const etcdServiceKind: Kind = {
  resource: etcdServiceResource,
  shortNames: ['etcdsvc'],
  description: 'Keeps the endpoints of a Service equal to what instances register below a prefix in etcd.',
  spec: { schema: etcdServiceSpecSchema, description: 'Which registrations fill which Service, and how.' },
  status: { schema: etcdServiceStatusSchema, description: 'What became of them.' },
  rules,
  printerColumns: [
    { name: 'Service', type: 'string', jsonPath: '.status.serviceName' },
    { name: 'Prefix', type: 'string', jsonPath: '.spec.prefix' },
    {
      name: 'Endpoints',
      type: 'string',
      jsonPath: '.status.summary',
      description: 'Ready instances of all that are published.',
    },
    {
      name: 'Held',
      type: 'integer',
      jsonPath: '.status.instances.held',
      description: 'Vanished from etcd, and still published because a guard holds them.',
    },
    conditionColumn('Ready'),
    reasonColumn('Ready'),
    ageColumn,
  ],
};

export const etcdRegistryKind: Kind = {
  resource: etcdRegistryResource,
  shortNames: ['etcdreg'],
  description: 'An etcd cluster that holds registrations, and which namespaces may publish what of it.',
  spec: { schema: etcdRegistrySpecSchema, description: 'How it is reached, and what it is trusted with.' },
  status: { schema: etcdRegistryStatusSchema, description: 'What is known of it.' },
  rules: registryRules,
  printerColumns: [
    { name: 'Endpoints', type: 'string', jsonPath: '.spec.endpoints', priority: 1 },
    conditionColumn('Connected'),
    conditionColumn('Synced'),
    {
      name: 'Keys',
      type: 'integer',
      jsonPath: '.status.keys',
      description: 'Registrations that are followed.',
    },
    { name: 'Version', type: 'string', jsonPath: '.status.clusterVersion' },
    reasonColumn('Connected'),
    ageColumn,
  ],
};

export const etcdCatalogKind: Kind = {
  resource: etcdCatalogResource,
  shortNames: ['etcdcat'],
  description: 'Publishes every service of a registry whose keys have a pattern.',
  spec: { schema: etcdCatalogSpecSchema, description: 'Which keys are services, and what becomes of them.' },
  status: { schema: etcdCatalogStatusSchema, description: 'What became of the services.' },
  rules: catalogRules,
  printerColumns: [
    { name: 'Registry', type: 'string', jsonPath: '.spec.registryRef.name' },
    { name: 'Pattern', type: 'string', jsonPath: '.spec.pattern' },
    { name: 'Services', type: 'integer', jsonPath: '.status.services.published' },
    conditionColumn('Ready'),
    reasonColumn('Ready'),
    ageColumn,
  ],
};

/** Every custom resource of ours. */
export const kinds: readonly Kind[] = [etcdServiceKind, etcdRegistryKind, etcdCatalogKind];

export function etcdServiceCrd(): Crd {
  return crdOf(etcdServiceKind);
}

export function etcdRegistryCrd(): Crd {
  return crdOf(etcdRegistryKind);
}

export function etcdCatalogCrd(): Crd {
  return crdOf(etcdCatalogKind);
}
