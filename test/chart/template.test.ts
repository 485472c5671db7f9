import { beforeAll, expect, it } from 'vitest';
import { chartFolder, helm, one, render, type Values } from '../kit/chart.ts';
import { servers } from '../kit/control-plane.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { Manifests } from '../kit/manifests.ts';
import { createNamespace } from '../kit/namespace.ts';
import { describeNeeding } from '../kit/needs.ts';
import { standInCrds } from '../kit/prometheus-crds.ts';

const etcd = { endpoints: ['http://10.0.0.1:2379'] };

/** Values that users combine, each with every object that it makes. */
const matrix: readonly (readonly [string, Values])[] = [
  ['one etcd', { etcd }],
  ['one replica without an election', { etcd, replicas: 1, election: { where: 'off' } }],
  ['registries alone', { registries: { enabled: true } }],
  [
    'TLS and a user',
    {
      etcd: {
        endpoints: ['https://10.0.0.1:2379', 'https://[fd00::1]:2379'],
        tls: { secretName: 'etcd-tls', serverName: 'etcd.example' },
        auth: { user: 'etcd-endpoints', passwordSecretName: 'etcd-user' },
      },
      checkSecrets: false,
    },
  ],
  [
    'an election elsewhere',
    { etcd, staleSeconds: 60, election: { etcd: ['http://10.0.0.2:2379'], name: '/elections/named' } },
  ],
  ['an election in Kubernetes', { etcd, election: { where: 'kubernetes', name: 'named' } }],
  [
    'some namespaces alone',
    { etcd, watchNamespaces: ['default', 'kube-public'], allowedPrefixes: ['default=/services/web'] },
  ],
  [
    'everything that can be switched on',
    {
      etcd,
      nodeNames: true,
      registries: { enabled: true },
      catalogs: { enabled: true },
      rbac: { aggregateToEdit: true },
      podDisruptionBudget: { enabled: true },
      networkPolicy: { enabled: true, metricsFrom: [{ namespaceSelector: {} }] },
      metrics: { monitor: 'ServiceMonitor', monitorLabels: { release: 'prometheus' } },
      alerts: { enabled: true, labels: { release: 'prometheus' } },
      dashboard: { enabled: true, annotations: { folder: 'etcd' } },
      admissionPolicy: { enabled: true, adoption: 'Any' },
    },
  ],
  ['a PodMonitor', { etcd, metrics: { monitor: 'PodMonitor' } }],
  [
    'everything switched off',
    {
      etcd,
      crds: { enabled: false },
      rbac: { create: false, aggregateToView: false },
      serviceAccount: { create: false, name: 'default' },
      admissionPolicy: { enabled: false },
      guard: { enabled: false },
      verify: { enabled: false },
    },
  ],
  [
    'what Kubernetes defines',
    {
      etcd,
      global: { imageRegistry: 'ignored' },
      commonLabels: { team: 'shop' },
      image: {
        repository: 'registry.example/etcd-endpoints',
        digest: `sha256:${'0'.repeat(64)}`,
        pullSecrets: [{ name: 'registry' }],
      },
      priorityClassName: 'system-cluster-critical',
      tolerations: [{ key: 'dedicated', operator: 'Exists' }],
      affinity: { nodeAffinity: {} },
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'zone', whenUnsatisfiable: 'DoNotSchedule', labelSelector: {} },
      ],
      podLabels: { tier: 'infra' },
      podAnnotations: { note: 'x' },
      extraArgs: ['--max-value-bytes=1Mi'],
      extraEnv: [{ name: 'NODE_OPTIONS', value: '--max-old-space-size=100' }],
    },
  ],
];

describeNeeding('helm', 'the chart', () => {
  it('has nothing that helm lint objects to', async () => {
    const { code, stdout } = await helm(['lint', '--strict', chartFolder], { values: { etcd } });
    expect(stdout).not.toMatch(/WARNING|ERROR/);
    expect(code).toBe(0);
  });

  it('lets the Pods reach the ports of every etcd, 2379 where none is named, and the instances that are named', async () => {
    const instances = [{ ipBlock: { cidr: '10.1.0.0/16' } }];
    const objects = await render({
      etcd: { endpoints: ['http://10.0.0.1', 'http://etcd3', 'http://[fd00::3]:2390/'] },
      election: { etcd: ['http://10.0.0.2:2381'] },
      networkPolicy: { enabled: true, apiServerPorts: [6443], etcdPorts: [], instances },
    });
    const [dns, servers, held] = objects.find(({ kind }) => kind === 'NetworkPolicy')?.spec.egress ?? [];
    expect(dns.ports.map(({ port }: { port: number }) => port)).toEqual([53, 53]);
    expect(servers.ports.map(({ port }: { port: number }) => port)).toEqual([6443, 2379, 2390, 2381]);
    expect(held).toEqual({ to: instances });
  });

  it.each(matrix)('makes objects of %s, each of them once', async (_, values) => {
    const objects = await render(values);
    const names = objects.map(({ kind, metadata }) => `${kind} ${metadata.namespace} ${metadata.name}`);
    expect(objects.length).toBeGreaterThan(0);
    expect(new Set(names).size).toBe(names.length);
  });
});

describeNeeding('helm', 'what the chart makes', () => {
  let namespace: string;
  const manifests = (): Manifests => new Manifests(servers().credentials);

  beforeAll(async () => {
    namespace = (await createNamespace('chart')).name;
    await manifests().applyAll(standInCrds);
  });

  describeNeeding('server >= 1.30', 'in full', () => {
    it.each(matrix)('is taken by the apiserver: %s', async (_, values) => {
      // The policy is not there in a dry run when its binding comes: a warning, and no error.
      for (const object of await render(values, { namespace })) {
        const { status, json } = await manifests().tryApply(object, { dryRun: true });
        expect(status, `${object.kind} ${object.metadata.name}: ${json.message}`).toBeLessThan(300);
      }
    });

    it('fulfils the Pod Security Standard restricted, the Pod of helm test too', async () => {
      const strict = (await createNamespace('restricted')).name;
      await manifests().call(
        'PATCH',
        `/api/v1/namespaces/${strict}`,
        { metadata: { labels: { 'pod-security.kubernetes.io/enforce': 'restricted' } } },
        'application/merge-patch+json',
      );
      const objects = await render({ etcd }, { namespace: strict });
      const { template } = one(objects, 'Deployment').spec;
      const pods = [
        {
          apiVersion: 'v1',
          kind: 'Pod',
          metadata: { name: 'controller', namespace: strict },
          spec: template.spec,
        },
        one(objects, 'Pod'),
      ];
      for (const pod of pods) {
        const bare = { ...pod, spec: { ...pod.spec, serviceAccountName: undefined } };
        await manifests().call('POST', `/api/v1/namespaces/${strict}/serviceaccounts`, {
          metadata: { name: 'default' },
        });
        const { status, json } = await manifests().tryApply(bare, { dryRun: true });
        expect(status, json.message).toBe(201);
        expect((await refusedWithRoot(bare)).json.message).toContain('violates PodSecurity "restricted');
      }
    });
  });

  async function refusedWithRoot(pod: AnyObject): Promise<{ json: AnyObject }> {
    const asRoot = { ...pod.spec, securityContext: { ...pod.spec.securityContext, runAsNonRoot: false } };
    return await manifests().tryApply({ ...pod, spec: asRoot }, { dryRun: true });
  }
});
