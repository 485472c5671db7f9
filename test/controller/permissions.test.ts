import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { planSlices } from '../../src/endpoints/pack/plan-slices.ts';
import { serviceRights } from '../../src/kube/rights.ts';
import { servers } from '../kit/control-plane.ts';
import { type ControllerProcess, startController } from '../kit/controller-process.ts';
import { installCrd } from '../kit/crd.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { createNamespace } from '../kit/namespace.ts';
import { Registrar } from '../kit/registrar.ts';
import { Scene } from '../kit/scene.ts';
import { ServiceAccount, withoutVerb } from '../kit/service-account.ts';

let registry: RegistryEtcd;
let registrar: Registrar;
let account: ServiceAccount;

beforeAll(async () => {
  await installCrd();
  registry = await startEtcd();
  registrar = new Registrar(registry);
  account = await ServiceAccount.create(await objectsOfNewNamespace(), servers().credentials);
});

afterAll(async () => {
  registrar.close();
  await registry.stop();
  await account.remove();
});

async function objectsOfNewNamespace(): Promise<KubeObjects> {
  return new KubeObjects(servers().credentials, (await createNamespace('permissions')).name);
}

async function start(namespaces: readonly string[]): Promise<ControllerProcess> {
  const kubeconfig = account.kubeconfigPath;
  const controller = await startController({ etcd: registry.endpoints, kubeconfig, namespaces });
  onTestFinished(() => controller.kill());
  return controller;
}

function sceneOf(objects: KubeObjects): Scene {
  const controller = {
    etcd: registry.endpoints,
    kubeconfig: account.kubeconfigPath,
    namespaces: [objects.namespace],
  };
  return new Scene({ registry, registrar, objects, controller });
}

const slicesWhereServed = servers().served.discoveryV1 ? ['endpointslices.discovery.k8s.io'] : [];

const needed = (verb: string, resource: string, namespace: string): string =>
  `forbidden, grant verb "${verb}" on "${resource}" in namespace ${namespace}`;

/** Everything in the log, as texts are before JSON escapes them. */
function logOf(controller: ControllerProcess): string {
  return controller.output.replaceAll('\\"', '"');
}

describe('a controller that may not read', () => {
  it('names every verb that it lacks, is not ready, and goes on as soon as each is granted', async () => {
    const objects = await objectsOfNewNamespace();
    const scene = sceneOf(objects);
    const controller = await start([objects.namespace]);
    const resources = ['etcdservices.etcd-endpoints.io', 'services', 'endpoints', ...slicesWhereServed];

    await eventually(async () => {
      const { status, text } = await controller.http('/readyz');
      expect(status).toBe(503);
      for (const resource of resources) {
        expect(text).toContain(needed('list', resource, objects.namespace));
      }
    });
    const grants = serviceRights.map(({ verbs, ...rest }) => ({
      ...rest,
      verbs: verbs.filter((verb) => verb === 'list'),
    }));
    await account.grant(objects, grants);
    await controller.untilReady();
    for (const resource of resources) {
      await eventually(() =>
        expect(logOf(controller)).toContain(needed('watch', resource, objects.namespace)),
      );
    }

    await account.grant(objects, serviceRights);
    await scene.define('web');
    await scene.registrar.put({ '/services/web/1': '10.0.0.1:80' });
    await eventually(async () => expect(await scene.published('web')).toEqual(['10.0.0.1:80']), {
      timeoutMs: 45_000,
      intervalMs: 200,
    });
  });
});

describe('a controller that may not write', () => {
  interface Case {
    readonly verb: string;
    readonly resource: string;
    /** As the message names it. */
    readonly named?: string;
    /** Where it is told of: in the condition Ready, or where no condition can be written, in the log. */
    readonly told: 'condition' | 'log';
    /** What makes the controller need the verb, before it is started. */
    readonly prepare?: (scene: Scene) => Promise<unknown>;
    /** The kinds that the EtcdService is published in; the controller's default unless told. */
    readonly publish?: ['EndpointSlice'];
  }

  const ourEndpoints = (scene: Scene): Promise<unknown> =>
    scene.objects.create('endpoints', 'web', {
      metadata: { name: 'web', labels: { 'etcd-endpoints.io/etcdservice': 'web' } },
      subsets: [{ addresses: [{ ip: '10.0.0.9' }], ports: [{ port: 80 }] }],
    });

  const labels = { 'etcd-endpoints.io/etcdservice': 'web', 'kubernetes.io/service-name': 'web' };

  /** A slice of ours with one address of another port, which does not stay. */
  const ourSlice = (scene: Scene, port: number): Promise<unknown> => {
    const name = `web-${port}`;
    const managed = { ...labels, 'endpointslice.kubernetes.io/managed-by': 'etcd-endpoints.io' };
    return scene.objects.create('endpointslices', name, {
      metadata: { name, labels: managed },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['10.0.0.9'] }],
      ports: [{ port }],
    });
  };

  /** The slice that the controller would make, without the label by which it is found. */
  const unseenSlice = (scene: Scene): Promise<unknown> => {
    const endpoint = {
      address: '10.0.0.1',
      ports: [{ name: '', port: 80, protocol: 'TCP' }],
      ready: true,
    } as const;
    const { creates } = planSlices(
      {
        namespace: scene.namespace,
        name: 'web',
        etcdService: 'web',
        serviceLabels: {},
        headless: false,
        publishNotReadyAddresses: false,
        zoneHints: false,
        ownerReferences: [],
        endpoints: [endpoint],
        maxEndpoints: 100,
        families: ['IPv4'],
      },
      [],
    );
    const name = creates[0]?.metadata.name ?? '';
    return scene.objects.create('endpointslices', name, {
      metadata: { name, labels },
      addressType: 'IPv4',
      endpoints: [],
    });
  };

  const slices = {
    resource: 'endpointslices',
    named: 'endpointslices.discovery.k8s.io',
    told: 'condition',
  } as const;
  const sliceCases: readonly Case[] = [
    { ...slices, verb: 'create' },
    { ...slices, verb: 'update', prepare: (scene) => ourSlice(scene, 1) },
    { ...slices, verb: 'delete', prepare: (scene) => Promise.all([ourSlice(scene, 1), ourSlice(scene, 2)]) },
    { ...slices, verb: 'get', prepare: unseenSlice },
    {
      verb: 'delete',
      resource: 'endpoints',
      told: 'condition',
      prepare: ourEndpoints,
      publish: ['EndpointSlice'],
    },
  ];

  const cases: readonly Case[] = [
    ...(servers().served.discoveryV1 ? sliceCases : []),
    { verb: 'create', resource: 'services', told: 'condition' },
    { verb: 'patch', resource: 'services', told: 'condition' },
    { verb: 'create', resource: 'endpoints', told: 'condition' },
    {
      verb: 'update',
      resource: 'endpoints',
      told: 'condition',
      prepare: ourEndpoints,
    },
    {
      verb: 'get',
      resource: 'endpoints',
      told: 'condition',
      prepare: (scene) => scene.objects.create('endpoints', 'web', { subsets: [] }),
    },
    {
      verb: 'update',
      resource: 'etcdservices/status',
      named: 'etcdservices.etcd-endpoints.io/status',
      told: 'log',
    },
    { verb: 'create', resource: 'events', told: 'log' },
  ];

  it('names the verb and the resource, serves others meanwhile, and goes on as soon as the verb is granted', async () => {
    const scenes = await Promise.all(
      cases.map(async (one) => {
        const objects = await objectsOfNewNamespace();
        const scene = sceneOf(objects);
        await account.grant(objects, withoutVerb(serviceRights, one.verb, one.resource));
        await one.prepare?.(scene);
        await scene.define('web', one.publish && { publish: one.publish });
        return { ...one, scene, message: needed(one.verb, one.named ?? one.resource, objects.namespace) };
      }),
    );
    await registrar.put({ '/services/web/1': '10.0.0.1:80' });
    const controller = await start(scenes.map(({ scene }) => scene.namespace));

    for (const { told, scene, message } of scenes) {
      if (told === 'condition') {
        expect(await scene.untilReady('web', 'False/WriteFailed')).toContain(message);
      } else {
        await eventually(() => expect(logOf(controller)).toContain(message));
        await scene.untilPublished('web', ['10.0.0.1:80']);
      }
    }

    for (const { scene } of scenes) {
      await account.grant(scene.objects, serviceRights);
    }
    for (const { scene } of scenes) {
      await eventually(
        async () => {
          const published = (await scene.publishedInSlices('web')) ?? (await scene.published('web'));
          expect(published).toEqual(['10.0.0.1:80']);
          expect(await scene.condition('web', 'Ready')).toBe('True/Published');
        },
        { timeoutMs: 50_000, intervalMs: 250 },
      );
    }
  }, 120_000);
});
