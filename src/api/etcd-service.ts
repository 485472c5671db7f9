import { z } from 'zod';
import { formatBlocks, formatNames } from '../formats/formats.ts';
import { layoutPattern } from '../formats/layout.ts';
import type { KubeObject, Resource } from '../kube/types.ts';
import { cidrsSchema } from './cidr.ts';
import type { etcdServiceStatusSchema } from './etcd-service-status.ts';
import { guardSchema } from './guard.ts';
import { servicePortsSchema, serviceSchema } from './service.ts';
import { slicesSchema } from './slices.ts';
import { topologySchema } from './topology.ts';

/**
 * The custom resource EtcdService: which prefix fills which Service, and how. The CRD is generated from these schemas, so descriptions
 * are written for users, and every text and list is bounded: the cost of the CEL rules in `rules.ts` depends on it.
 */

const set = { 'x-kubernetes-list-type': 'set' };

const metadataText = z.string().max(256);

/** The kinds of object that instances can be published in, in the order in which Kubernetes came to have them. */
export const publishKinds = ['Endpoints', 'EndpointSlice'] as const;

export type PublishKind = (typeof publishKinds)[number];

const filterSchema = z.object({
  matchMetadata: z
    .record(z.string(), metadataText)
    .meta({ maxProperties: 32 })
    .optional()
    .describe('Metadata that an instance must have with exactly these values.'),
  matchExpressions: z
    .array(
      z.object({
        key: metadataText.min(1).describe('Name of the metadata.'),
        operator: z
          .enum(['In', 'NotIn', 'Exists', 'DoesNotExist'])
          .describe('As in a label selector: NotIn holds where the metadata is absent too.'),
        values: z
          .array(metadataText)
          .max(64)
          .meta(set)
          .optional()
          .describe('Values for In and NotIn; none for Exists and DoesNotExist.'),
      }),
    )
    .max(32)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe('Requirements on metadata, all of which must hold.'),
  cidrs: cidrsSchema.describe('Ranges that an address must lie in. Empty or absent, any address will do.'),
  excludeCIDRs: cidrsSchema.describe('Ranges that an address must not lie in.'),
});

export const etcdServiceSpecSchema = z.object({
  registryRef: z
    .object({
      name: z
        .string()
        .min(1)
        .max(63)
        .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be the name of an EtcdRegistry')
        .describe('Name of the EtcdRegistry.'),
    })
    .optional()
    .describe(
      'The registry that holds the registrations. Absent, the one that the controller is started with (--etcd).',
    ),
  prefix: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe(
      'Keys below it are registrations. It may be any text, with or without a leading slash. Exactly one of prefix and key is needed.',
    ),
  key: z
    .string()
    .min(1)
    .max(1024)
    .optional()
    .describe('The one key that is the registration. Exactly one of prefix and key is needed.'),
  separator: z
    .string()
    .max(8)
    .default('/')
    .describe(
      'Added to the prefix where it lacks, so that /web never swallows /web-admin, and parts the key below it. Empty, the prefix is taken as it is.',
    ),
  layout: z
    .string()
    .max(256)
    .regex(layoutPattern, 'must be parts such as {zone}, with the separator in between')
    .optional()
    .describe(
      'Names the parts of the key below the prefix, such as {zone}/{instance}: they become metadata. A key without that layout is an instance without this metadata.',
    ),
  format: z
    .enum(formatNames)
    .default('auto')
    .describe('How a registration is read. Options of a format stand in the block of its name.'),
  ...formatBlocks,
  service: serviceSchema.prefault({}).describe('The Service that the instances fill.'),
  ports: servicePortsSchema
    .optional()
    .describe('Ports of the Service. Absent, they are those of the Service that exists already.'),
  portsFrom: z
    .enum(['Registrations'])
    .optional()
    .describe(
      'Registrations gives a Service created here the ports that its registrations announce: one for each name, with the number that most of them have when it is first seen. A port that the Service has stays, whatever instances come and go. It takes the place of ports.',
    ),
  publish: z
    .array(z.enum(publishKinds))
    .min(1)
    .max(2)
    .refine((kinds) => new Set(kinds).size === kinds.length, 'must name each kind once')
    .meta(set)
    .optional()
    .describe('The kinds of object that the instances are published in. Absent, the controller decides.'),
  filter: filterSchema
    .optional()
    .describe('What an instance must have to be published; every field that is there must hold.'),
  topology: topologySchema.optional().describe('Where instances run, and what Kubernetes makes of it.'),
  slices: slicesSchema
    .optional()
    .describe(
      "What of the metadata of instances stands on the Service's EndpointSlices. Absent, nothing does.",
    ),
  guard: guardSchema
    .optional()
    .describe(
      'Holds back the removal of instances when too many of them vanish at once. Absent, the guard of the whole registry alone watches. What is deleted while its lease lives, and what says that it is not ready, is never held.',
    ),
  drainSeconds: z
    .int32()
    .min(0)
    .max(3600)
    .optional()
    .describe(
      'How long a removed instance stays published as terminating, for connections that it still serves. Absent, the controller decides.',
    ),
  mode: z
    .enum(['Publish', 'Observe', 'Paused'])
    .default('Publish')
    .describe(
      'Publish keeps Kubernetes equal to etcd. Observe writes nothing and reports how what stands differs from what Publish would make of it. Paused leaves everything as it is.',
    ),
});

/** A spec that has been parsed: defaults are filled in, unknown fields are gone, every rule holds. */
export type EtcdServiceSpec = z.output<typeof etcdServiceSpecSchema>;

/** A spec as a user writes it. */
export type EtcdServiceInput = z.input<typeof etcdServiceSpecSchema>;

export type EtcdServiceStatus = z.output<typeof etcdServiceStatusSchema>;

export type { Condition } from './condition.ts';

/** An EtcdService as the apiserver sends it. Its spec may be anything that an older CRD let in: `parseSpec` reads it. */
export interface EtcdService extends KubeObject {
  readonly spec?: unknown;
  readonly status?: EtcdServiceStatus;
}

export const etcdServiceResource: Resource<EtcdService> = {
  group: 'etcd-endpoints.io',
  version: 'v1alpha1',
  plural: 'etcdservices',
  kind: 'EtcdService',
  namespaced: true,
};

/** Whether an EtcdService is only observed, readable also where its spec is not valid. */
export function observes({ spec }: EtcdService): boolean {
  return (spec as { mode?: unknown } | undefined)?.mode === 'Observe';
}

/** The name of the Service that an EtcdService fills. */
export function serviceNameOf(name: string, spec: EtcdServiceSpec): string {
  return spec.service.name ?? name;
}
