import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { startController } from '../kit/controller-process.ts';
import { installCrd } from '../kit/crd.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import type { Scene } from '../kit/scene.ts';

describeNeeding('discovery.k8s.io/v1', 'the Node of an instance', () => {
  let own: OwnPlane;
  let scene: Scene;

  beforeAll(async () => {
    // Nodes belong to the whole cluster.
    own = await startOwnPlane();
    ({ scene } = own);
    await installCrd(own.plane.credentials);
    return () => own.stop();
  });

  async function setNode(name: string, ...addresses: readonly string[]): Promise<void> {
    const status = { addresses: addresses.map((address) => ({ type: 'InternalIP', address })) };
    const { objects } = scene;
    await objects.call('POST', '/api/v1/nodes', { metadata: { name } });
    const { json: node } = await objects.call('GET', `/api/v1/nodes/${name}`);
    const written = await objects.call('PUT', `/api/v1/nodes/${name}/status`, { ...node, status });
    expect(written.status, written.text).toBe(200);
  }

  async function removeNodes(...names: readonly string[]): Promise<void> {
    for (const name of names) {
      await scene.objects.call('DELETE', `/api/v1/nodes/${name}`);
    }
  }

  async function nodesOf(name: string): Promise<Readonly<Record<string, string>>> {
    const endpoints = (await scene.slices(name)).flatMap(({ endpoints: all }) => all ?? []);
    return Object.fromEntries(
      endpoints.map(({ addresses, nodeName = '-' }: AnyObject) => [addresses[0], nodeName]),
    );
  }

  async function untilNamed(name: string, wanted: Readonly<Record<string, string>>): Promise<void> {
    await eventually(async () => expect(await nodesOf(name)).toEqual(wanted));
  }

  /** Of the EtcdService and of all that is published for it. */
  async function versionsOf(name: string): Promise<readonly string[]> {
    const all = [...(await scene.versions())];
    return all.filter(([object]) => new RegExp(` ${name}(-|$)`).test(object)).map(String);
  }

  it('is not named unless that is asked for', async () => {
    await setNode('n1', '10.0.0.1');
    await scene.startController();
    await scene.defineWith('web', ['10.0.0.1:80', '10.0.0.2:80']);
    await untilNamed('web', { '10.0.0.1': '-', '10.0.0.2': '-' });
    await scene.controller.kill();
  });

  it('is named with --node-names, and follows the Nodes that come and go', async () => {
    await scene.startController(['--node-names']);
    await untilNamed('web', { '10.0.0.1': 'n1', '10.0.0.2': '-' });

    await setNode('n2', '10.0.0.2');
    await untilNamed('web', { '10.0.0.1': 'n1', '10.0.0.2': 'n2' });

    await setNode('n2', '10.0.0.3');
    await untilNamed('web', { '10.0.0.1': 'n1', '10.0.0.2': '-' });

    await removeNodes('n1');
    await untilNamed('web', { '10.0.0.1': '-', '10.0.0.2': '-' });
  });

  it('is not guessed where two Nodes say that they have the address', async () => {
    await setNode('n3', '10.0.0.1');
    await untilNamed('web', { '10.0.0.1': 'n3', '10.0.0.2': '-' });
    await setNode('n4', '10.0.0.1');
    await untilNamed('web', { '10.0.0.1': '-', '10.0.0.2': '-' });
    await removeNodes('n4');
    await untilNamed('web', { '10.0.0.1': 'n3', '10.0.0.2': '-' });
  });

  it('costs no write when a Node only says that it lives', async () => {
    await scene.defineWith('beacon', ['10.0.0.8:80']);
    onTestFinished(() => removeNodes('n5', 'n6'));
    await scene.controller.untilIdle();
    const before = await versionsOf('web');
    expect(before).not.toEqual([]);

    await setNode('n3', '10.0.0.1');
    await setNode('n5', '10.0.0.9');
    // Nodes are heard of in the order of their changes: what this one does tells that the others have been.
    await setNode('n6', '10.0.0.8');
    await untilNamed('beacon', { '10.0.0.8': 'n6' });

    await scene.controller.untilIdle();
    expect(await versionsOf('web')).toEqual(before);
  });

  it('is waited for where Nodes may not be listed, and that is said', async () => {
    await scene.controller.kill();
    const user = await own.plane.addUser('nodeless');
    const rules = [
      {
        apiGroups: ['*'],
        resources: ['services', 'endpoints', 'endpointslices', 'etcdservices'],
        verbs: ['*'],
      },
    ];
    await scene.objects.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterroles', {
      metadata: { name: 'nodeless' },
      rules,
    });
    await scene.objects.call('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', {
      metadata: { name: 'nodeless' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'nodeless' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'nodeless' }],
    });
    const controller = await startController({
      etcd: scene.registry.endpoints,
      kubeconfig: user.kubeconfigPath,
      args: ['--node-names'],
    });
    onTestFinished(() => controller.kill());
    await eventually(async () => {
      const { status, text } = await controller.http('/readyz');
      expect(status).toBe(503);
      expect(text).toContain('Nodes: ');
      expect(text).toContain('grant verb "list" on "nodes"');
    });
  });
});
