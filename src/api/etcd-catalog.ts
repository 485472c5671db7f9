import { z } from 'zod';
import type { KubeObject, Resource } from '../kube/types.ts';
import type { etcdCatalogStatusSchema } from './etcd-catalog-status.ts';
import { etcdServiceSpecSchema } from './etcd-service.ts';
import { annotationsSchema, labelsSchema, serviceSchema } from './service.ts';

/**
 * The custom resource EtcdCatalog: a whole registry without an EtcdService written by hand for each of its services. Descriptions are
 * written for users; every text and list is bounded, since the cost of the CEL rules depends on it.
 */

const globs = z.array(z.string().min(1).max(253)).max(1000).meta({ 'x-kubernetes-list-type': 'set' });

const namespaceRuleSchema = z.object({
  match: z
    .record(z.string(), z.string().max(253))
    .meta({ maxProperties: 8 })
    .optional()
    .describe('Placeholders of the pattern, and the text that each must have. Absent, every key matches.'),
  name: z
    .string()
    .min(1)
    .max(253)
    .regex(
      /^([a-z0-9-]|[{][A-Za-z0-9_][A-Za-z0-9_.-]{0,62}[}])+$/,
      'must be the name of a namespace, which may hold placeholders such as {env}',
    )
    .describe('The namespace. {env} in it stands for the text of that placeholder.'),
});

const templateSchema = z.object({
  metadata: z
    .object({
      labels: labelsSchema.optional().describe('Labels of the EtcdServices.'),
      annotations: annotationsSchema.optional().describe('Annotations of the EtcdServices.'),
    })
    .optional()
    .describe('Metadata of the EtcdServices.'),
  spec: etcdServiceSpecSchema
    .omit({ prefix: true, key: true, separator: true, registryRef: true })
    .extend({
      service: serviceSchema
        .omit({ name: true })
        .extend({
          type: z
            .enum(['ClusterIP', 'Headless'])
            .default('Headless')
            .describe(
              'Whether the Services have cluster IPs. They do not unless it is asked for: a large registry can exhaust the range. It cannot be changed.',
            ),
        })
        .prefault({})
        .describe('The Services.'),
    })
    .prefault({})
    .describe('Spec of the EtcdServices; where their registrations stand is added to it.'),
});

export const etcdCatalogSpecSchema = z.object({
  registryRef: z
    .object({ name: z.string().min(1).max(63).describe('Name of the EtcdRegistry.') })
    .optional()
    .describe('The registry. Absent, the one of the options --etcd.'),
  pattern: z
    .string()
    .min(1)
    .max(1024)
    .describe(
      'What keys look like, such as /services/{env}/{service}/{instance}. {service} is needed. {instance} may only be last, and is all that remains of a key; without it the key itself is the registration.',
    ),
  separator: z.string().min(1).max(8).default('/').describe('What stands between the parts of the pattern.'),
  namespaces: z
    .array(namespaceRuleSchema)
    .min(1)
    .max(256)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .describe('Where services go: the first that matches. They must exist; none is ever created.'),
  template: templateSchema.prefault({}).describe('What each EtcdService is like.'),
  include: globs
    .optional()
    .describe('Services to publish, by name in etcd; * is any text and ? one character. Absent, all.'),
  exclude: globs.optional().describe('Services not to publish, also where they are included.'),
  maxServices: z
    .int32()
    .min(1)
    .max(20_000)
    .default(2000)
    .describe('Beyond so many services none is added, until there are fewer or more are allowed.'),
  pruneAfterSeconds: z
    .int32()
    .min(0)
    .max(31_536_000)
    .default(604_800)
    .describe('How long a service without a key keeps its EtcdService, and with it its Service.'),
  mode: z
    .enum(['Publish', 'Observe'])
    .default('Publish')
    .describe('Publish makes EtcdServices. Observe only says in the status what would be made.'),
});

/** A spec that has been parsed: defaults are filled in, unknown fields are gone, every rule holds. */
export type EtcdCatalogSpec = z.output<typeof etcdCatalogSpecSchema>;

/** A spec as a user writes it. */
export type EtcdCatalogInput = z.input<typeof etcdCatalogSpecSchema>;

export type EtcdCatalogStatus = z.output<typeof etcdCatalogStatusSchema>;

/** An EtcdCatalog as the apiserver sends it. Its spec may be anything that an older CRD let in. */
export interface EtcdCatalog extends KubeObject {
  readonly spec?: unknown;
  readonly status?: EtcdCatalogStatus;
}

export const etcdCatalogResource: Resource<EtcdCatalog> = {
  group: 'etcd-endpoints.io',
  version: 'v1alpha1',
  plural: 'etcdcatalogs',
  kind: 'EtcdCatalog',
  namespaced: false,
};
