import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { command } from '../cli/command.ts';
import { chartFolder, helm, isForTest, one } from '../kit/chart.ts';
import { ChartRelease } from '../kit/chart-release.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import { podCommand } from '../kit/pod.ts';

const crdName = 'etcdservices.etcd-endpoints.io';
const crdPath = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crdName}`;

/** The chart as an older version was: without a column of the EtcdService. Removed with the test. */
async function olderChart(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-endpoints-chart-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  await cp(chartFolder, folder, { recursive: true });
  const path = join(folder, 'templates/crds/etcdservices.yaml');
  const crd = await readFile(path, 'utf8');
  const column = / {8}- name: Prefix\n {10}type: string\n {10}jsonPath: .spec.prefix\n/;
  expect(crd).toMatch(column);
  await writeFile(path, crd.replace(column, ''));
  return folder;
}

describeNeeding('helm', 'a release', () => {
  describeNeeding('server >= 1.30', 'of the chart', () => {
    let own: OwnPlane;
    let release: ChartRelease;

    beforeAll(async () => {
      own = await startOwnPlane();
      return () => own.stop();
    });

    const columns = async (): Promise<readonly string[]> => {
      const { json } = await release.manifests.call('GET', crdPath);
      return json.spec.versions[0].additionalPrinterColumns.map(({ name }: AnyObject) => name);
    };

    async function standing(): Promise<readonly boolean[]> {
      const objects = (await release.rendered()).filter((object) => !isForTest(object));
      return await Promise.all(
        objects.map(async (object) => (await release.manifests.get(object)) !== undefined),
      );
    }

    it('says at once that a Secret is not there, and which value names it', async () => {
      const endpoints = ['https://10.0.0.1:2379'];
      const { kubeconfigPath: kubeconfig } = own.plane.credentials;
      const install = ['install', 'x', chartFolder, `--namespace=${own.scene.namespace}`];
      const values = { etcd: { endpoints, tls: { secretName: 'etcd-client' } } };
      const absent = await helm(install, { kubeconfig, values });
      expect(absent.code).toBe(1);
      expect(absent.stderr).toContain('etcd.tls.secretName: there is no Secret etcd-client in namespace');

      await own.scene.objects.create('secrets', 'etcd-client', { stringData: { 'ca.crt': 'x' } });
      const incomplete = await helm(install, { kubeconfig, values });
      expect(incomplete.stderr).toContain('etcd.tls.secretName: Secret etcd-client has no key tls.crt');
    });

    it('is installed, upgraded together with its CRDs, rolled back, and uninstalled without its CRDs', async () => {
      release = await ChartRelease.install(own, {}, await olderChart());
      expect(await standing()).not.toContain(false);
      expect(await columns()).not.toContain('Prefix');

      await release.upgrade({ replicas: 3 });
      expect((await release.deployment()).spec.replicas).toBe(3);
      expect(await columns()).toContain('Prefix');

      await release.helm(['rollback', 'etcd-endpoints', '1']);
      expect((await release.deployment()).spec.replicas).toBe(2);
      expect(await columns()).not.toContain('Prefix');

      await release.upgrade({});
      const { scene } = own;
      await scene.define('web');
      await release.helm(['uninstall', 'etcd-endpoints']);
      const left = (await release.rendered()).filter((object) => !isForTest(object));
      for (const object of left) {
        const isLeft = (await release.manifests.get(object)) !== undefined;
        expect(isLeft, `${object.kind} ${object.metadata.name}`).toBe(
          object.kind === 'CustomResourceDefinition',
        );
      }
      expect(await scene.objects.get('etcdservices', 'web')).toBeDefined();
    });

    it('is proved by helm test, with what its Pod would run', async () => {
      release = await ChartRelease.install(own);
      await release.startPod();
      const { scene } = own;
      const tested = release.helm(['test', 'etcd-endpoints', '--timeout=5m']);
      const pod = await eventually(
        async () => {
          const found = (await scene.objects.list('pods'))[0];
          expect(found).toBeDefined();
          return found;
        },
        { timeoutMs: 60_000, intervalMs: 100 },
      );
      const { args, kubeconfig, remove } = await podCommand(own.plane.credentials, pod);
      onTestFinished(remove);
      const ended = await command([...args, `--kubeconfig=${kubeconfig}`]);
      expect(ended.stderr).toBe('');
      expect(ended.stdout).toContain('taken back, and Kubernetes shows it no more');
      await scene.objects.change(
        'pods',
        pod.metadata.name,
        (object) => {
          object.status = { phase: ended.code === 0 ? 'Succeeded' : 'Failed' };
        },
        'status',
      );
      expect(await tested).toMatch(/Phase: +Succeeded/);
      expect((await scene.objects.list('etcdservices')).map(({ metadata }) => metadata.name)).toEqual([
        'web',
      ]);
    });

    it('is not proved where no controller follows, and says what is known of it', async () => {
      const pod = one(await release.rendered(), 'Pod');
      const admin = own.plane.credentials.kubeconfigPath;
      const ended = await command([...pod.spec.containers[0].args, `--kubeconfig=${admin}`, '--timeout=10s']);
      expect(ended.code).toBe(1);
      expect(ended.stderr).toContain('Kubernetes does not show 192.0.2.1:80 within --timeout');
      expect(ended.stderr).toContain('no controller has said anything of the EtcdService');
    });
  });
});
