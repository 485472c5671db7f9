import { z } from 'zod';
import type { KubeObject, Resource } from '../kube/types.ts';
import { cidrSchema, cidrsSchema } from './cidr.ts';
import type { etcdRegistryStatusSchema } from './etcd-registry-status.ts';
import { labelValue } from './topology.ts';

/**
 * The custom resource EtcdRegistry: an etcd cluster that holds registrations, how it is reached, and which namespaces may publish what of it.
 * Descriptions are written for users; every text and list is bounded, since the cost of the CEL rules depends on it.
 */

const set = { 'x-kubernetes-list-type': 'set' };
const atomic = { 'x-kubernetes-list-type': 'atomic' };

const secretRef = z.object({
  name: z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'must be the name of a Secret')
    .describe(
      'Name of a Secret in the namespace of the controller. It must have the label etcd-endpoints.io/registry with the name of the EtcdRegistry as its value.',
    ),
});

const tlsSchema = z.object({
  caSecretRef: secretRef
    .optional()
    .describe(
      'The Secret that holds the certificates (PEM) of the authorities of etcd as ca.crt. Absent, those that Node.js trusts.',
    ),
  certificateSecretRef: secretRef
    .optional()
    .describe('The Secret that holds the client certificate as tls.crt and its key as tls.key (PEM).'),
  serverName: z
    .string()
    .min(1)
    .max(253)
    .optional()
    .describe('Name that the certificates of etcd must carry, where it is not the host of the endpoint.'),
});

const namespaceName = z
  .string()
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be the name of a namespace');

const selectorSchema = z.object({
  matchLabels: z
    .record(z.string(), z.string().max(63))
    .meta({ maxProperties: 32 })
    .optional()
    .describe('Labels that a namespace must have with exactly these values.'),
  matchExpressions: z
    .array(
      z.object({
        key: z.string().min(1).max(317).describe('Name of the label.'),
        operator: z.enum(['In', 'NotIn', 'Exists', 'DoesNotExist']).describe('As in every label selector.'),
        values: z.array(z.string().max(63)).max(64).meta(set).optional().describe('Values for In and NotIn.'),
      }),
    )
    .max(32)
    .meta(atomic)
    .optional()
    .describe('Requirements on labels, all of which must hold.'),
});

/** What follows `{namespace}` can be no part of a namespace's name: `/a-{namespace}-` would let the namespace `x` into `/a-x-y-`. */
const grantedPrefix = /^([^{}]|[{]namespace[}]([^a-z0-9{}-]|$))*$/;

const grantSchema = z.object({
  namespaces: z
    .object({
      names: z.array(namespaceName).min(1).max(256).meta(set).optional().describe('Namespaces by name.'),
      selector: selectorSchema
        .optional()
        .describe('Namespaces by their labels; the empty selector is every namespace.'),
    })
    .describe(
      'The namespaces whose EtcdServices may use the registry. Exactly one of names and selector is needed.',
    ),
  prefixes: z
    .array(
      z
        .string()
        .max(1024)
        .regex(grantedPrefix, 'may hold {namespace}, and after it no letter, digit or hyphen'),
    )
    .min(1)
    .max(64)
    .meta(set)
    .describe(
      'What they may read below the root: {namespace} stands for the namespace of the EtcdService. One that ends in a letter or digit means whole parts of the path: /web is the key /web and all below /web/. The empty prefix is every key.',
    ),
  cidrs: cidrsSchema.describe(
    'Ranges that published addresses must lie in. Empty or absent, any address will do that is not refused for everybody.',
  ),
});

const registryGuardSchema = z.object({
  enabled: z.boolean().default(true).describe('false holds nothing for the registry as a whole.'),
  maxRemovalPercent: z
    .int32()
    .min(1)
    .max(100)
    .default(30)
    .describe(
      'The part of all published instances of the registry that may vanish within the window without being held.',
    ),
  ignoreBelow: z
    .int32()
    .min(1)
    .max(100_000)
    .default(10)
    .describe('How many instances must vanish within the window before any is held.'),
  windowSeconds: z
    .int32()
    .min(1)
    .max(3600)
    .default(60)
    .describe('How far back removals are counted together.'),
  holdSeconds: z.int32().min(1).max(86_400).default(300).describe('How long vanished instances are held.'),
});

export const etcdRegistrySpecSchema = z.object({
  endpoints: z
    .array(
      z
        .string()
        .max(300)
        .regex(
          /^https?:\/\/([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\]):[0-9]{1,5}$/,
          'must be a URL such as https://10.0.0.1:2379',
        ),
    )
    .min(1)
    .max(32)
    .meta(set)
    .describe(
      'Members of the etcd cluster, such as https://10.0.0.1:2379. All of them should be named; any may be away. Either all speak TLS (https) or none.',
    ),
  tls: tlsSchema.optional().describe('What etcd is known by, and what it knows the controller by.'),
  userSecretRef: secretRef
    .optional()
    .describe('The Secret that holds the user of etcd as username and password. Absent, no user logs in.'),
  root: z
    .string()
    .max(1024)
    .default('')
    .describe(
      'Put before every prefix and key that EtcdServices name: with the root /prod the prefix /services/web is /prod/services/web. One that ends in a letter or digit means whole parts of the path: below /prod nobody reads /production.',
    ),
  guard: registryGuardSchema
    .optional()
    .describe('When removals in the whole registry are held. Absent, the options of the controller decide.'),
  grants: z
    .array(grantSchema)
    .max(64)
    .meta(atomic)
    .optional()
    .describe(
      'Which namespaces may publish what of the registry. Absent, the namespace of the controller alone, and that everything.',
    ),
  zones: z
    .array(
      z.object({
        cidr: cidrSchema.describe('A range of addresses.'),
        zone: z
          .string()
          .min(1)
          .max(63)
          .regex(labelValue, 'must be a label value')
          .describe('Their zone, as the label topology.kubernetes.io/zone of a Node has it.'),
      }),
    )
    .max(256)
    .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['cidr'] })
    .optional()
    .describe(
      'Zones of instances by their address; the smallest range counts. What an EtcdService reads from the registration comes first.',
    ),
});

/** A spec that has been parsed: defaults are filled in, unknown fields are gone, every rule holds. */
export type EtcdRegistrySpec = z.output<typeof etcdRegistrySpecSchema>;

/** A spec as a user writes it. */
export type EtcdRegistryInput = z.input<typeof etcdRegistrySpecSchema>;

export type EtcdRegistryStatus = z.output<typeof etcdRegistryStatusSchema>;

export type GrantSpec = z.output<typeof grantSchema>;

/** An EtcdRegistry as the apiserver sends it. Its spec may be anything that an older CRD let in. */
export interface EtcdRegistry extends KubeObject {
  readonly spec?: unknown;
  readonly status?: EtcdRegistryStatus;
}

export const etcdRegistryResource: Resource<EtcdRegistry> = {
  group: 'etcd-endpoints.io',
  version: 'v1alpha1',
  plural: 'etcdregistries',
  kind: 'EtcdRegistry',
  namespaced: false,
};

/** The name of the registry of `--etcd` in metrics and logs; no EtcdRegistry may have it. */
export const defaultRegistryName = 'default';
