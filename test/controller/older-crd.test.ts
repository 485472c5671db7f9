import { beforeAll, describe, expect, it } from 'vitest';
import { etcdServiceCrd } from '../../src/api/kinds.ts';
import { startController } from '../kit/controller-process.ts';
import { installCrd } from '../kit/crd.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import type { Scene } from '../kit/scene.ts';

let own: OwnPlane;
let scene: Scene;

beforeAll(async () => {
  own = await startOwnPlane();
  ({ scene } = own);
  return () => own.stop();
});

/** Our CRD with nothing checked: what an older version of it may have let in. */
function permissiveCrd(): ReturnType<typeof etcdServiceCrd> {
  const crd = etcdServiceCrd();
  const anything = { 'x-kubernetes-preserve-unknown-fields': true };
  const properties = { spec: anything, status: { type: 'object', ...anything } };
  const version = {
    name: 'v1alpha1',
    served: true,
    storage: true,
    subresources: { status: {} },
    schema: { openAPIV3Schema: { type: 'object', properties } },
  };
  return { ...crd, spec: { ...crd.spec, versions: [version] } };
}

/** Creates an EtcdService with any spec. */
async function create(name: string, spec: unknown): Promise<void> {
  await scene.objects.create('etcdservices', name, {
    apiVersion: 'etcd-endpoints.io/v1alpha1',
    kind: 'EtcdService',
    ...(spec === undefined ? {} : { spec }),
  });
}

describe('a controller in a cluster without our CRD', () => {
  it('ends within five seconds when it is asked to', async () => {
    const controller = await startController({
      etcd: scene.registry.endpoints,
      kubeconfig: own.plane.credentials.kubeconfigPath,
    });
    await eventually(async () => expect((await controller.http('/readyz')).text).toContain('CRD'));
    const { code, tookMs } = await controller.stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(5000 + marginMs);
  });

  it('says what is missing, stays alive and not ready, and begins as soon as the CRD is there', async () => {
    const controller = await startController({
      etcd: scene.registry.endpoints,
      kubeconfig: own.plane.credentials.kubeconfigPath,
    });
    try {
      await eventually(async () => {
        const { status, text } = await controller.http('/readyz');
        expect(status).toBe(503);
        expect(text).toContain('etcdservices.etcd-endpoints.io');
        expect(text).toContain('is its CRD installed?');
      });
      expect((await controller.http('/healthz')).status).toBe(200);
      expect(controller.output).toContain('is its CRD installed?');
      await installCrd(own.plane.credentials, permissiveCrd());
      await controller.untilReady();
      await controller.untilLine({ msg: 'Started' });
    } finally {
      await controller.kill();
    }
  });
});

describe('a spec that an older CRD let in', () => {
  beforeAll(async () => {
    await installCrd(own.plane.credentials, permissiveCrd());
    await scene.startController();
  });

  const prefix = '/services/any';
  const ports = [{ port: 80 }];

  it.each([
    ['both prefix and key', { prefix, key: '/a', ports }, 'spec.prefix exactly one of prefix and key'],
    ['neither prefix nor key', { ports }, 'spec.prefix exactly one of prefix and key'],
    ['no spec at all', undefined, 'spec'],
    ['a spec that is a text', 'prefix', 'spec'],
    ['a spec that is a list', [], 'spec'],
    ['a prefix that is a number', { prefix: 5, ports }, 'spec.prefix'],
    ['a port that is a text', { prefix, ports: [{ port: '80' }] }, 'spec.ports[0].port'],
    ['an unknown format', { prefix, ports, format: 'yaml' }, 'spec.format'],
    ['a block without its format', { prefix, ports, json: {} }, 'spec.json needs format: json'],
    ['two ports without names', { prefix, ports: [{ port: 80 }, { port: 81 }] }, 'spec.ports'],
    ['a broken layout', { prefix, ports, layout: '{zone}-{x}' }, 'spec.layout'],
    ['an unknown mode', { prefix, ports, mode: 'Observe!' }, 'spec.mode'],
    ['a range that is none', { prefix, ports, filter: { cidrs: ['10.0.0.0/99'] } }, 'spec.filter.cidrs[0]'],
    ['a service name that is a number', { prefix, ports, service: { name: 5 } }, 'spec.service.name'],
    ['ten thousand ports', { prefix, ports: Array.from({ length: 10_000 }, () => 'x') }, 'spec.ports'],
  ])('is refused by the controller itself, which names the field: %s', async (what, spec, field) => {
    const name = what.replaceAll(/[^a-z]+/g, '-');
    await create(name, spec);
    const reason = field === 'spec.service.name' ? 'InvalidServiceName' : 'InvalidSpec';
    expect(await scene.untilReady(name, `False/${reason}`)).toContain(field);
    await scene.untilEvent(name, `Warning ${reason}`);
    expect(await scene.objects.get('services', name)).toBeUndefined();
  });

  it.each(['web.2', 'a'.repeat(64), '-web'.slice(1).padEnd(70, 'x')])(
    'may have a name that is no DNS label: %s',
    async (name) => {
      await create(name, { prefix, ports });
      expect(await scene.untilReady(name, 'False/InvalidServiceName')).toContain('DNS label');
    },
  );

  it('disturbs no neighbour', async () => {
    await scene.defineWith('fine', ['10.0.0.1:80']);
    expect(await scene.published('fine')).toEqual(['10.0.0.1:80']);
  });

  it('leaves standing what was published before, and is published as soon as it is corrected', async () => {
    await scene.defineWith('turned', ['10.0.0.1:80']);
    await scene.objects.change('etcdservices', 'turned', (object) => {
      object.spec.ports = [{ port: 'x' }];
    });
    await scene.untilReady('turned', 'False/InvalidSpec');
    await scene.registrar.put({ '/services/turned/2': '10.0.0.2:80' });
    expect(await scene.published('turned')).toEqual(['10.0.0.1:80']);
    await scene.objects.change('etcdservices', 'turned', (object) => {
      object.spec.ports = ports;
    });
    await scene.untilPublished('turned', ['10.0.0.1:80', '10.0.0.2:80']);
    await scene.untilReady('turned');
  });

  it.each([
    ['name', { name: 'renamed' }],
    ['type', { type: 'Headless' }],
  ])(
    'cannot change the %s of the Service afterwards, and leaves standing what was published',
    async (field, service) => {
      const name = `changed-${field}`;
      await scene.defineWith(name, ['10.0.0.1:80']);
      const before = await scene.objects.get('services', name);
      await scene.objects.change('etcdservices', name, (object) => {
        object.spec.service = service;
      });
      expect(await scene.untilReady(name, 'False/InvalidSpec')).toContain(
        `spec.service.${field} cannot be changed`,
      );
      expect(await scene.objects.get('services', name)).toEqual(before);
      expect(await scene.published(name)).toEqual(['10.0.0.1:80']);
      expect(await scene.objects.get('services', 'renamed')).toBeUndefined();
    },
  );

  it('keeps its claim on a Service while it is invalid', async () => {
    await scene.defineWith('elder', ['10.0.0.1:80'], { service: { name: 'claimed' } });
    const { metadata } = await scene.objects.get('etcdservices', 'elder');
    await eventually(() => expect(Date.now()).toBeGreaterThan(Date.parse(metadata.creationTimestamp) + 1000));
    await scene.objects.change('etcdservices', 'elder', (object) => {
      object.spec.prefix = 5;
    });
    await scene.untilReady('elder', 'False/InvalidSpec');
    await scene.registrar.put({ '/services/heir/1': '10.0.0.2:80' });
    await scene.define('heir', { service: { name: 'claimed' } });
    await scene.untilReady('heir', 'False/ServiceConflict');
    expect(await scene.published('claimed')).toEqual(['10.0.0.1:80']);
  });
});
