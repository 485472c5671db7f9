import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { servers } from '../kit/control-plane.ts';
import { type ControllerProcess, startController } from '../kit/controller-process.ts';
import { installCrd } from '../kit/crd.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { createNamespace } from '../kit/namespace.ts';
import { Registrar } from '../kit/registrar.ts';
import { Scene } from '../kit/scene.ts';

const password = 'open-sesame';

let registry: RegistryEtcd;

beforeAll(async () => {
  await installCrd();
  registry = await startEtcd({
    tls: true,
    auth: { rootPassword: 'root', users: [{ name: 'shop', password, prefix: '/services/', access: 'read' }] },
  });
  return () => registry.stop();
});

const put = (key: string, value: string): Promise<string> => registry.etcdctl(['put', key, value]);

/** A scene in a new namespace; nothing of it needs a registrar, since the registry lets nobody in without a certificate. */
async function newScene(): Promise<Scene> {
  const { credentials } = servers();
  const { name } = await createNamespace('secured');
  const controller = { etcd: registry.endpoints, kubeconfig: credentials.kubeconfigPath, namespaces: [name] };
  const registrar = new Registrar(registry);
  onTestFinished(() => registrar.close());
  return new Scene({ registry, registrar, objects: new KubeObjects(credentials, name), controller });
}

/** Starts a controller that serves the scene as the etcd user `shop`, with that password from a file. */
async function start(scene: Scene, secret: string): Promise<ControllerProcess> {
  const { caFile = '', certFile = '', keyFile = '' } = registry.tls ?? {};
  const passwordFile = join(dirname(caFile), `password-${scene.namespace}`);
  await writeFile(passwordFile, `${secret}\n`);
  const controller = await startController({
    etcd: registry.endpoints,
    kubeconfig: servers().credentials.kubeconfigPath,
    namespaces: [scene.namespace],
    args: [
      `--etcd-ca=${caFile}`,
      `--etcd-cert=${certFile}`,
      `--etcd-key=${keyFile}`,
      '--etcd-user=shop',
      `--etcd-password-file=${passwordFile}`,
      '--log-level=debug',
    ],
  });
  onTestFinished(() => controller.kill());
  return controller;
}

describe('a registry with TLS and users', () => {
  it('is read with a certificate and a password, of which nothing is told', async () => {
    const scene = await newScene();
    await put('/services/web/1', '10.0.0.1:80');
    await scene.define('web');
    const controller = await start(scene, password);
    await scene.untilPublished('web', ['10.0.0.1:80']);
    await put('/services/web/1', '10.0.0.2:80');
    await scene.untilPublished('web', ['10.0.0.2:80']);
    await scene.untilReady('web');
    const { text: metrics } = await controller.http('/metrics');
    expect(controller.output + metrics).not.toContain(password);
    expect(controller.output).not.toContain('PRIVATE KEY');
  });

  it('may deny one prefix: that is said, nothing is written for it, and others are served', async () => {
    const scene = await newScene();
    await put('/services/mine/1', '10.0.0.1:80');
    await put('/secret/1', '10.0.0.9:80');
    await scene.define('denied', { prefix: '/secret' });
    await scene.define('mine');
    await start(scene, password);
    const message = await scene.untilReady('denied', 'False/PrefixUnreadable');
    expect(message).toContain('grant');
    await scene.untilEvent('denied', 'Warning PrefixUnreadable');
    expect(await scene.condition('denied', 'RegistryConnected')).toBe('True/Connected');
    expect(await scene.objects.get('services', 'denied')).toBeUndefined();
    await scene.untilPublished('mine', ['10.0.0.1:80']);

    await registry.etcdctl(['role', 'grant-permission', '--prefix=true', 'shop', 'read', '/secret/']);
    await eventually(async () => expect(await scene.published('denied')).toEqual(['10.0.0.9:80']), {
      timeoutMs: 45_000,
      intervalMs: 200,
    });
    await scene.untilReady('denied');
  });

  it('may refuse the password: that is said without it, and nothing is written', async () => {
    const scene = await newScene();
    await put('/services/web/1', '10.0.0.1:80');
    await scene.define('web');
    const controller = await start(scene, 'wrong-sesame');
    await eventually(() => {
      const { problem } = controller.line({ msg: 'etcd does not answer; it is tried on' });
      expect(problem).toContain('password');
    });
    await controller.untilReady();
    await scene.untilReady('web', 'Unknown/NotSynced');
    expect(await scene.objects.get('services', 'web')).toBeUndefined();
    expect(controller.output).not.toContain('wrong-sesame');
  });
});
