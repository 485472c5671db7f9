import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { servers } from '../kit/control-plane.ts';
import { startController } from '../kit/controller-process.ts';
import { Manifests } from '../kit/manifests.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import { podCommand, podOf } from '../kit/pod.ts';
import { RegistryObjects } from '../kit/registry-objects.ts';

const run = promisify(execFile);
const manifest = fileURLToPath(new URL('../../dist/install.yaml', import.meta.url));

describeNeeding('kubectl', 'dist/install.yaml', () => {
  describeNeeding('server >= 1.30', 'applied with kubectl', () => {
    let own: OwnPlane;

    beforeAll(async () => {
      own = await startOwnPlane();
      return () => own.stop();
    });

    async function apply(): Promise<readonly string[]> {
      const kubectl = servers().binaries.kubectl ?? 'kubectl';
      const { kubeconfigPath } = own.plane.credentials;
      const { stdout } = await run(kubectl, [`--kubeconfig=${kubeconfigPath}`, 'apply', '-f', manifest]);
      return stdout.trim().split('\n');
    }

    it('installs a controller that serves what an EtcdRegistry names, and changes nothing the second time', async () => {
      const first = await apply();
      expect(first.length).toBeGreaterThan(10);
      expect(first.filter((line) => !/ created$/.test(line))).toEqual([]);
      expect((await apply()).filter((line) => !/ unchanged$/.test(line))).toEqual([]);

      const { credentials } = own.plane;
      const deployment = await new Manifests(credentials).get({
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { namespace: 'etcd-endpoints', name: 'etcd-endpoints' },
      });
      const command = await podCommand(credentials, podOf(deployment, 'a'));
      onTestFinished(() => command.remove());
      const { args, env, kubeconfig } = command;
      const controller = await startController({ etcd: [], kubeconfig, args: args.slice(1), env });
      onTestFinished(() => controller.kill());

      const { scene } = own;
      await new RegistryObjects(scene.objects).create('company', {
        endpoints: [...scene.registry.endpoints],
        grants: [{ namespaces: { names: [scene.namespace] }, prefixes: ['/services/'] }],
      });
      await scene.defineWith('web', ['10.0.0.1:80'], { registryRef: { name: 'company' } });
      await scene.untilInSlices('web', ['10.0.0.1:80']);
    });
  });
});
