import { z } from 'zod';

/** The part of an EtcdService that says what its Service is like. */

const dnsLabel = z
  .string()
  .min(1)
  .max(63)
  .regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/, 'must be a DNS label');

const qualifiedName = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?$/;
const longestQualifiedName = 317;

/** Kubernetes has no way to bound the keys of a map in a schema, so they are checked here alone. */
function hasQualifiedKeys(map: Readonly<Record<string, string>>): boolean {
  return Object.keys(map).every((key) => key.length <= longestQualifiedName && qualifiedName.test(key));
}

export const labelsSchema = z
  .record(
    z.string(),
    z
      .string()
      .max(63)
      .regex(/^([A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9])?)?$/, 'must be a label value'),
  )
  .refine(hasQualifiedKeys, 'must have label names as keys')
  .meta({ maxProperties: 64 });

export const annotationsSchema = z
  .record(z.string(), z.string().max(16_384))
  .refine(hasQualifiedKeys, 'must have annotation names as keys')
  .meta({ maxProperties: 64 });

export const serviceSchema = z.object({
  name: dnsLabel
    .optional()
    .describe('Name of the Service. Absent, that of the EtcdService. It cannot be changed.'),
  creationPolicy: z
    .enum(['IfAbsent', 'Never', 'Adopt'])
    .default('IfAbsent')
    .describe(
      'IfAbsent creates the Service where there is none. Never waits for it. Adopt takes over one without a selector, with its hand-written Endpoints or EndpointSlices, and gives an ExternalName endpoints.',
    ),
  deletionPolicy: z
    .enum(['Delete', 'Retain'])
    .default('Delete')
    .describe(
      'Delete: a Service created here, and the Endpoints, are deleted with the EtcdService. Retain: they stay. A Service that stood before always stays, also one that was adopted.',
    ),
  type: z
    .enum(['ClusterIP', 'Headless'])
    .default('ClusterIP')
    .describe('Whether a Service created here has a cluster IP. It cannot be changed.'),
  ipFamilyPolicy: z
    .enum(['SingleStack', 'PreferDualStack', 'RequireDualStack'])
    .optional()
    .describe(
      'Whether a Service created here has one family of addresses or two. Absent, Kubernetes decides.',
    ),
  ipFamilies: z
    .array(z.enum(['IPv4', 'IPv6']))
    .min(1)
    .max(2)
    .meta({ 'x-kubernetes-list-type': 'atomic' })
    .optional()
    .describe(
      'Families of addresses of a Service created here, the first one first; the first cannot be changed. Absent, Kubernetes decides.',
    ),
  trafficDistribution: z
    .enum(['PreferClose', 'PreferSameZone', 'PreferSameNode'])
    .optional()
    .describe('Set on a Service created here, where the cluster knows it.'),
  labels: labelsSchema.optional().describe('Labels of a Service created here.'),
  annotations: annotationsSchema.optional().describe('Annotations of a Service created here.'),
});

const portNumber = z.int32().min(1).max(65_535);

const servicePortSchema = z.object({
  name: z
    .string()
    .max(63)
    .regex(/^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$/, 'must be a DNS label')
    .default('')
    .describe('Name of the port in the Service. Only a single port may go without a name.'),
  port: portNumber.describe('Port that clients of the Service connect to.'),
  targetPort: z
    .union([
      portNumber,
      z
        .string()
        .min(1)
        .max(63)
        .regex(/^[A-Za-z][A-Za-z0-9+._-]*$/, 'must be a port number or the name of a port'),
    ])
    .optional()
    .describe(
      'A number is the port of every instance. A name is the port or URL scheme of that name in the registration. Absent, it is the only port of the registration.',
    ),
  defaultTargetPort: portNumber.optional().describe('Port of an instance whose registration names none.'),
  protocol: z.enum(['TCP', 'UDP', 'SCTP']).default('TCP').describe('Protocol of the port.'),
  appProtocol: z
    .string()
    .max(longestQualifiedName)
    .regex(qualifiedName, 'must be a label name')
    .optional()
    .describe('Application protocol, as in a Service.'),
});

export const servicePortsSchema = z
  .array(servicePortSchema)
  .min(1)
  .max(100)
  .refine(hasUniquePorts, 'no two may have the same port and protocol')
  .meta({ 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['port', 'protocol'] });

function hasUniquePorts(ports: readonly z.output<typeof servicePortSchema>[]): boolean {
  return new Set(ports.map(({ port, protocol }) => `${port}/${protocol}`)).size === ports.length;
}
