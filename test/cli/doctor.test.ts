import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { crdOf } from '../../src/api/crd.ts';
import { etcdServiceKind, kinds } from '../../src/api/kinds.ts';
import type { CheckName } from '../../src/doctor/checks.ts';
import type { Finding } from '../../src/doctor/finding.ts';
import { startController } from '../kit/controller-process.ts';
import { installCrd, installCrds } from '../kit/crd.ts';
import { type RegistryEtcd, startEtcd, type TestEtcdOptions } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import { grantAsDocumented } from '../kit/registry-plane.ts';
import { command } from './command.ts';

let own: OwnPlane;
let etcd: RegistryEtcd;

beforeAll(async () => {
  own = await startOwnPlane({ apiServerFlags: { 'service-cluster-ip-range': '10.200.0.0/28' } });
  etcd = own.scene.registry;
  return () => own.stop();
}, 120_000);

interface Examination {
  readonly code: number | null;
  readonly findings: readonly Finding[];
  of(check: CheckName): readonly Finding[];
}

async function examine(
  args: readonly string[],
  { kubeconfigPath, etcds = etcd.endpoints }: { kubeconfigPath?: string; etcds?: readonly string[] } = {},
): Promise<Examination> {
  const { code, stdout, stderr } = await command([
    'doctor',
    '--output=json',
    `--etcd=${etcds.join(',')}`,
    `--kubeconfig=${kubeconfigPath ?? own.plane.credentials.kubeconfigPath}`,
    ...args,
  ]);
  expect(stderr).toBe('');
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
  return { code, findings, of: (wanted) => findings.filter(({ check }) => check === wanted) };
}

async function startOther(options: TestEtcdOptions): Promise<RegistryEtcd> {
  const other = await startEtcd(options);
  onTestFinished(() => other.stop());
  return other;
}

describe('doctor', () => {
  it('says first what a cluster lacks without our CRDs and without a controller, a line each', async () => {
    const { code, of } = await examine(['--leader-elect=kubernetes', '--own-namespace=default']);
    expect(code).toBe(1);
    expect(of('CustomResources')).toContainEqual({
      check: 'CustomResources',
      outcome: 'problem',
      message: 'etcdservices.etcd-endpoints.io is not installed: nothing can be published',
      action: 'run: etcd-endpoints crds | kubectl apply --server-side -f -',
    });
    expect(of('Election')).toMatchObject([
      { outcome: 'problem', message: 'nobody leads: there is no Lease default/etcd-endpoints' },
    ]);
  });

  it('finds nothing to fix where the controller runs and has the rights that are documented', async () => {
    await installCrds(own.plane.credentials);
    const namespace = own.scene.objects.namespace;
    await grantAsDocumented(own.scene.objects);
    const { kubeconfigPath } = await own.plane.addUser('etcd-endpoints');
    await own.scene.define('web');
    const args = ['--leader-elect=etcd', `--own-namespace=${namespace}`];
    const controller = await startController({ etcd: etcd.endpoints, kubeconfig: kubeconfigPath, args });
    onTestFinished(() => controller.kill());
    await eventually(async () => {
      const { of } = await examine(args, { kubeconfigPath });
      expect(of('Election')).toMatchObject([{ outcome: 'ok' }]);
    });
    const { code, findings, of } = await examine(args, { kubeconfigPath });
    expect(findings.filter(({ outcome }) => outcome === 'problem')).toEqual([]);
    expect(code).toBe(0);
    expect(of('Election')[0]?.message).toMatch(
      new RegExp(
        `^${controller.replica} leads in term \\d+ of /etcd-endpoints.io/elections/.*-etcd-endpoints, \\d+ of 15 s left`,
      ),
    );
    expect(of('EtcdPrefixes')).toMatchObject([{ outcome: 'ok', message: '1 of 1 prefixes can be read' }]);
    expect(of('EtcdReachable')).toMatchObject([{ outcome: 'ok' }]);
    expect(of('EtcdClock')).toMatchObject([{ outcome: 'ok' }]);
    expect(of('KubernetesClock')).toMatchObject([{ outcome: 'ok' }]);
  });

  it('names each right that is missing, with what grants it', async () => {
    await installCrds(own.plane.credentials);
    const { kubeconfigPath } = await own.plane.addUser('nobody');
    const { code, of } = await examine(['--leader-elect=off', '--namespace=shop'], { kubeconfigPath });
    expect(code).toBe(1);
    const rights = of('Rights');
    for (const verb of ['list', 'watch', 'get', 'create', 'update', 'delete']) {
      expect(rights).toContainEqual({
        check: 'Rights',
        outcome: 'problem',
        message: `EtcdServices need to ${verb} endpoints`,
        action: `grant verb "${verb}" on "endpoints" in namespace shop (docs/rbac.yaml)`,
      });
    }
    expect(rights).toContainEqual(
      expect.objectContaining({
        action:
          'grant verb "update" on "etcdservices.etcd-endpoints.io/status" in namespace shop (docs/rbac.yaml)',
      }),
    );
    expect(rights.filter(({ message }) => message.includes('EtcdCatalogs'))).not.toHaveLength(0);
    expect(of('CustomResources')).toMatchObject(kinds.map(() => ({ outcome: 'skipped' })));
  });

  it('knows our CRDs for current, and names the field that an older one lacks', async () => {
    await installCrds(own.plane.credentials);
    expect((await examine(['--leader-elect=off'])).of('CustomResources')).toMatchObject(
      kinds.map(() => ({ outcome: 'ok' })),
    );
    const older = structuredClone(crdOf(etcdServiceKind)) as ReturnType<typeof crdOf> & {
      spec: { versions: { schema: { openAPIV3Schema: { properties: { spec: { properties: object } } } } }[] };
    };
    const properties = older.spec.versions[0]?.schema.openAPIV3Schema.properties.spec.properties as Record<
      string,
      unknown
    >;
    delete properties['drainSeconds'];
    await installCrd(own.plane.credentials, older);
    const { code, of } = await examine(['--leader-elect=off']);
    await installCrds(own.plane.credentials);
    expect(code).toBe(1);
    expect(of('CustomResources')[0]).toMatchObject({
      outcome: 'problem',
      message: expect.stringContaining('it differs at .spec.drainSeconds'),
    });
  });

  it('says where the election is stuck, and on which key', async () => {
    await etcd.etcdctl(['put', '/stuck/694d', 'somebody']);
    const { of } = await examine(['--election-name=/stuck']);
    expect(of('Election')).toEqual([
      {
        check: 'Election',
        outcome: 'problem',
        message: 'nobody leads: /stuck/694d has no lease that would end it',
        action: "run: etcdctl del '/stuck/694d'",
      },
    ]);
  });

  it('looks at the etcd of every EtcdRegistry, and names the Secret that is missing', async () => {
    await installCrds(own.plane.credentials);
    const path = '/apis/etcd-endpoints.io/v1alpha1/etcdregistries';
    for (const [name, spec] of Object.entries({
      plain: { endpoints: etcd.endpoints },
      secret: { endpoints: etcd.endpoints, userSecretRef: { name: 'login' } },
    })) {
      const object = {
        apiVersion: 'etcd-endpoints.io/v1alpha1',
        kind: 'EtcdRegistry',
        metadata: { name },
        spec,
      };
      expect((await own.scene.objects.call('POST', path, object)).status).toBe(201);
      onTestFinished(async () => void (await own.scene.objects.call('DELETE', `${path}/${name}`)));
    }
    const { of } = await examine(['--leader-elect=off', '--own-namespace=default']);
    expect(of('Registry')).toMatchObject([
      { outcome: 'ok', message: 'EtcdRegistry plain is complete' },
      { outcome: 'problem', message: 'EtcdRegistry secret: there is no Secret login in namespace default' },
    ]);
    expect(of('EtcdReachable')).toHaveLength(2);
  });

  it('looks at etcd also where Kubernetes does not answer', async () => {
    const { code, of } = await examine(['--context=nowhere', '--election-name=/nowhere']);
    expect(code).toBe(1);
    expect(of('KubernetesReachable')).toMatchObject([{ outcome: 'problem' }]);
    expect(of('EtcdReachable')).toMatchObject([{ outcome: 'ok' }]);
  });

  it('refuses wrong options with exit code 2', async () => {
    const { code, stderr } = await command(['doctor', '--etcd=http://h', '--workers=0']);
    expect(code).toBe(2);
    expect(stderr).toContain('--workers "0": expected a whole number');
  });

  it('tells people the same, with a line that counts', async () => {
    const kubeconfig = own.plane.credentials.kubeconfigPath;
    const args = [
      'doctor',
      `--etcd=${etcd.endpoints[0]}`,
      `--kubeconfig=${kubeconfig}`,
      '--leader-elect=off',
    ];
    const { stdout } = await command(args);
    const host = new URL(etcd.endpoints[0] ?? '').host;
    expect(stdout).toMatch(new RegExp(`^ok       EtcdReachable        etcd ${host} answers$`, 'm'));
    expect(stdout).toMatch(/\d+ ok, .*\d+ skipped\n$/);
  });
});

describe('doctor on etcd', () => {
  it('tells a member that is away from one of another cluster', async () => {
    const other = await startOther({});
    const etcds = [...etcd.endpoints, ...other.endpoints, 'http://127.0.0.1:1'];
    const { code, of } = await examine(['--leader-elect=off'], { etcds });
    expect(code).toBe(1);
    expect(of('EtcdReachable').map(({ outcome }) => outcome)).toEqual(['ok', 'ok', 'problem']);
    expect(of('EtcdCluster')[0]).toMatchObject({
      outcome: 'problem',
      message: expect.stringMatching(/^the members belong to 2 clusters: 127/),
    });
  });

  it('says what its user may not read, and that its password is wrong, without telling it', async () => {
    const users = [{ name: 'reader', password: 'open-sesame', prefix: '/other/', access: 'read' as const }];
    const guarded = await startOther({ auth: { rootPassword: 'root', users } });
    await installCrds(own.plane.credentials);
    await own.scene.define('locked');
    const path = '/apis/etcd-endpoints.io/v1alpha1/etcdcatalogs';
    const catalog = {
      apiVersion: 'etcd-endpoints.io/v1alpha1',
      kind: 'EtcdCatalog',
      metadata: { name: 'everything' },
      spec: {
        pattern: '/live/{service}/{instance}',
        namespaces: [{ name: 'default' }],
        template: { spec: { ports: [{ port: 80 }] } },
      },
    };
    expect((await own.scene.objects.call('POST', path, catalog)).status).toBe(201);
    onTestFinished(async () => void (await own.scene.objects.call('DELETE', `${path}/everything`)));
    const login = async (password: string): Promise<Examination> => {
      const { code, stdout } = await command(
        [
          'doctor',
          '--output=json',
          '--leader-elect=off',
          `--etcd=${guarded.endpoints[0]}`,
          `--kubeconfig=${own.plane.credentials.kubeconfigPath}`,
          '--etcd-user=reader',
        ],
        { env: { ETCD_ENDPOINTS_ETCD_PASSWORD: password } },
      );
      expect(stdout).not.toContain(password);
      const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] };
      return { code, findings, of: (wanted) => findings.filter(({ check }) => check === wanted) };
    };
    const right = await login('open-sesame');
    expect(right.of('EtcdVersion')[0]?.message).toContain('has version');
    expect(right.of('EtcdAuth')).toMatchObject([{ outcome: 'ok', message: 'etcd accepts the user reader' }]);
    expect(right.of('EtcdPrefixes')).toContainEqual(
      expect.objectContaining({
        outcome: 'problem',
        message: expect.stringContaining('/services/locked/ of EtcdService'),
        action: 'run: etcdctl role grant-permission ROLE read --prefix /services/locked/',
      }),
    );
    expect(right.of('EtcdPrefixes')).toContainEqual(
      expect.objectContaining({
        outcome: 'problem',
        message: expect.stringContaining('/live/ of EtcdCatalog everything'),
      }),
    );
    const wrong = await login('open-barley');
    expect(wrong.of('EtcdAuth')).toMatchObject([
      { outcome: 'problem', action: 'correct --etcd-user and its password' },
    ]);
    const stranger = await examine(['--leader-elect=off'], { etcds: guarded.endpoints });
    expect(stranger.of('EtcdAuth')).toMatchObject([
      { outcome: 'problem', action: 'give a user: --etcd-user with --etcd-password-file' },
    ]);
  });

  it('says that it is out of space, and what brings it back', async () => {
    const small = await startOther({ flags: { 'quota-backend-bytes': '65536' } });
    await eventually(async () => {
      const put = small.etcdctl(['put', '/filler', 'x'.repeat(20_000)]);
      await expect(put).rejects.toThrow('database space exceeded');
    });
    const { code, of } = await examine(['--leader-elect=off'], { etcds: small.endpoints });
    expect(code).toBe(1);
    expect(of('EtcdAlarms')).toMatchObject([
      { outcome: 'problem', action: expect.stringContaining('etcdctl alarm disarm') },
    ]);
  });

  it('explains why TLS fails', async () => {
    const secured = await startOther({ tls: true });
    const { of } = await examine(['--leader-elect=off'], { etcds: secured.endpoints });
    expect(of('EtcdReachable')).toMatchObject([
      { outcome: 'problem', message: expect.stringContaining('of an authority that is not trusted') },
    ]);
  });
});

describeNeeding('server >= 1.33', 'doctor', () => {
  it('counts the free addresses of Services, and says when there are none', async () => {
    const { objects } = await own.newNamespace();
    const { of } = await examine(['--leader-elect=off']);
    expect(of('ClusterIPs')[0]?.message).toMatch(/ of 14 addresses of 10\.200\.0\.0\/28 are free$/);
    await eventually(async () => {
      const service = { metadata: { name: `full-${Date.now()}` }, spec: { ports: [{ port: 80 }] } };
      const path = `/api/v1/namespaces/${objects.namespace}/services`;
      expect((await objects.call('POST', path, service)).status).not.toBe(201);
    });
    const full = await examine(['--leader-elect=off']);
    expect(full.of('ClusterIPs')).toMatchObject([
      { outcome: 'problem', message: '0 of 14 addresses of 10.200.0.0/28 are free' },
    ]);
    const path = `/api/v1/namespaces/${objects.namespace}/services?dryRun=All`;
    const rehearsal = { metadata: { name: 'rehearsal' }, spec: { ports: [{ port: 80 }] } };
    expect((await objects.call('POST', path, rehearsal)).status, 'a dry run does not tell').toBe(201);
  });
});

describe('doctor with --service-cidr', () => {
  it('counts free addresses where Kubernetes does not tell its ranges', async () => {
    const { of } = await examine(['--leader-elect=off', '--service-cidr=10.201.0.0/24']);
    expect(of('ClusterIPs')).toContainEqual({
      check: 'ClusterIPs',
      outcome: 'ok',
      message: '254 of 254 addresses of 10.201.0.0/24 are free',
    });
  });
});
