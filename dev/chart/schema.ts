import { z } from 'zod';
import { publishKinds } from '../../src/api/etcd-service.ts';

/**
 * The values of the chart. Values.schema.json is made of this, and Helm refuses by it what is unknown or of the wrong type, naming the value. What
 * Kubernetes defines is left to Kubernetes.
 */
const text = z.string();
const texts = z.array(z.string());
const labels = z.record(z.string(), z.string());
const ofKubernetes = z.record(z.string(), z.unknown());
const listOfKubernetes = z.array(ofKubernetes);
const secretKey = z.string().regex(/^[-._a-zA-Z0-9]*$/);
const objectName = z.string().regex(/^([a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$/);
const namespace = z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/);
const port = z.int().min(1).max(65_535);
const etcdUrl = z.string().regex(/^(https?:\/\/)?[^\s/@,]+\/?$/);

export const valuesSchema = z.strictObject({
  /** Charts that hold this one hand it down; nothing here reads it. */
  global: ofKubernetes.optional(),
  nameOverride: text,
  fullnameOverride: text,
  commonLabels: labels,
  replicas: z.int().min(1).max(10),
  image: z.strictObject({
    repository: z.string().min(1),
    tag: text,
    digest: z.string().regex(/^(sha256:[0-9a-f]{64})?$/),
    pullPolicy: z.enum(['Always', 'IfNotPresent', 'Never']),
    pullSecrets: listOfKubernetes,
  }),
  etcd: z.strictObject({
    endpoints: z.array(etcdUrl),
    tls: z.strictObject({
      secretName: objectName,
      caKey: secretKey,
      certKey: secretKey,
      keyKey: secretKey,
      serverName: text,
    }),
    auth: z.strictObject({
      user: z.string().regex(/^[^:]*$/),
      passwordSecretName: objectName,
      passwordKey: secretKey.min(1),
    }),
  }),
  checkSecrets: z.boolean(),
  registries: z.strictObject({ enabled: z.boolean() }),
  catalogs: z.strictObject({ enabled: z.boolean() }),
  watchNamespaces: z.array(namespace),
  allowedPrefixes: z.array(z.string().regex(/^[a-z0-9]([-a-z0-9]*[a-z0-9])?=/)),
  serviceCidrs: texts,
  publish: z.array(z.enum(publishKinds)).min(1),
  maxEndpointsPerSlice: z.int().min(1).max(1000),
  drainSeconds: z.int().min(0).max(3600),
  staleSeconds: z.int().min(1).max(86_400).nullable(),
  nodeNames: z.boolean(),
  guard: z.strictObject({
    enabled: z.boolean(),
    maxRemovalPercent: z.int().min(1).max(100),
    ignoreBelow: z.int().min(1).max(100_000),
    windowSeconds: z.int().min(1).max(3600),
    holdSeconds: z.int().min(1).max(86_400),
  }),
  workers: z.int().min(1).max(256),
  election: z.strictObject({
    where: z.enum(['', 'etcd', 'kubernetes', 'off']),
    etcd: z.array(etcdUrl),
    name: text,
    leaseTtl: z.string().regex(/^[0-9]+(ms|s|m|h)$/),
    standby: z.enum(['warm', 'cold']),
  }),
  log: z.strictObject({
    level: z.enum(['debug', 'info', 'warn', 'error']),
    format: z.enum(['json', 'text']),
  }),
  extraArgs: texts,
  extraEnv: listOfKubernetes,
  serviceAccount: z.strictObject({ create: z.boolean(), name: objectName, annotations: labels }),
  rbac: z.strictObject({
    create: z.boolean(),
    aggregateToView: z.boolean(),
    aggregateToEdit: z.boolean(),
  }),
  admissionPolicy: z.strictObject({
    enabled: z.union([z.boolean(), z.literal('auto')]),
    adoption: z.enum(['Marked', 'Any']),
  }),
  crds: z.strictObject({ enabled: z.boolean(), keep: z.boolean() }),
  resources: ofKubernetes,
  podLabels: labels,
  podAnnotations: labels,
  priorityClassName: text,
  nodeSelector: labels,
  tolerations: listOfKubernetes,
  affinity: ofKubernetes,
  topologySpreadConstraints: listOfKubernetes,
  podSecurityContext: ofKubernetes,
  securityContext: ofKubernetes,
  podDisruptionBudget: z.strictObject({
    enabled: z.boolean(),
    maxUnavailable: z.union([z.int().min(1), z.string().regex(/^[0-9]+%$/)]),
  }),
  networkPolicy: z.strictObject({
    enabled: z.boolean(),
    apiServerPorts: z.array(port),
    etcdPorts: z.array(port),
    instances: listOfKubernetes,
    metricsFrom: listOfKubernetes,
  }),
  metrics: z.strictObject({
    monitor: z.enum(['None', 'PodMonitor', 'ServiceMonitor']),
    interval: z.string().min(1),
    monitorLabels: labels,
  }),
  alerts: z.strictObject({ enabled: z.boolean(), labels }),
  dashboard: z.strictObject({ enabled: z.boolean(), labels, annotations: labels }),
  verify: z.strictObject({
    enabled: z.boolean(),
    prefix: z.string().regex(/^\/.*[^/]$/),
  }),
});

/** As Helm reads it (draft 7). Every value has a default, and one may be absent, or null, to stand for it: so nothing is required. */
export function schemaJson(): string {
  const schema = z.toJSONSchema(valuesSchema, {
    target: 'draft-7',
    override: ({ jsonSchema }) => {
      delete jsonSchema.required;
    },
  });
  return `${JSON.stringify(schema, undefined, 2)}\n`;
}
