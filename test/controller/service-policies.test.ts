import { beforeAll, describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { describeNeeding } from '../kit/needs.ts';
import { addressesOf, type Scene, skipMirror, startScene } from '../kit/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  return () => scene.stop();
});

const ports = [{ name: 'http', port: 80, protocol: 'TCP' }];

function createService(name: string, spec: object = {}): Promise<AnyObject> {
  return scene.objects.create('services', name, { spec: { ports, ...spec } });
}

/** Endpoints that somebody wrote by hand. */
function createEndpoints(name: string, ip: string): Promise<AnyObject> {
  return scene.objects.create('endpoints', name, {
    metadata: { name, labels: { by: 'hand' } },
    subsets: [{ addresses: [{ ip }], ports: [{ name: 'http', port: 8080 }] }],
  });
}

/** What a Service is, without the bookkeeping of the apiserver. */
function ownFields({ metadata, spec }: AnyObject): object {
  const { labels, annotations, ownerReferences } = metadata;
  return { labels, annotations, ownerReferences, spec };
}

describe('a Service without selector that stands already', () => {
  it('is filled for its own ports, and none of its fields changes', async () => {
    const before = await createService('standing', {
      ports: [{ name: 'http', port: 80, targetPort: 'web' }],
      sessionAffinity: 'ClientIP',
    });
    await scene.defineWith('standing', ['10.0.0.1:8080'], { ports: undefined, format: 'plain' });
    // A port by name is no port that a plain registration has.
    expect(await scene.published('standing')).toEqual([]);
    await scene.redefine('standing', { ports: [{ name: 'http', port: 80 }] });
    await scene.untilPublished('standing', ['10.0.0.1:8080 (http)']);
    expect(ownFields(await scene.objects.get('services', 'standing'))).toEqual(ownFields(before));
  });

  it('lends its labels to the Endpoints', async () => {
    await scene.objects.create('services', 'labelled', {
      metadata: { name: 'labelled', labels: { team: 'shop' } },
      spec: { ports },
    });
    await scene.defineWith('labelled', ['10.0.0.1:8080']);
    await scene.objects.change('services', 'labelled', ({ metadata }) => {
      metadata.labels.team = 'cart';
    });
    await eventually(async () => {
      const { metadata } = await scene.objects.get('endpoints', 'labelled');
      expect(metadata.labels).toEqual({
        team: 'cart',
        'etcd-endpoints.io/etcdservice': 'labelled',
        'endpoints.kubernetes.io/managed-by': 'etcd-endpoints.io',
        ...skipMirror(),
      });
    });
  });
});

describe('creationPolicy Never', () => {
  it('writes nothing while the Service is absent, and fills it for its own ports when it appears', async () => {
    await scene.registrar.put({ '/services/later/1': '10.0.0.1:8080' });
    await scene.define('later', { ports: undefined, service: { creationPolicy: 'Never' } });
    await scene.untilReady('later', 'False/ServiceNotFound');
    expect(await scene.objects.get('services', 'later')).toBeUndefined();
    expect(await scene.objects.get('endpoints', 'later')).toBeUndefined();
    const created = await createService('later');
    await scene.untilPublished('later', ['10.0.0.1:8080 (http)']);
    await scene.untilReady('later');
    expect(ownFields(await scene.objects.get('services', 'later'))).toEqual(ownFields(created));
  });

  it('waits for the Service also where the spec names ports', async () => {
    await scene.define('patient', { service: { creationPolicy: 'Never' } });
    await scene.untilReady('patient', 'False/ServiceNotFound');
    expect(await scene.objects.get('services', 'patient')).toBeUndefined();
  });
});

describe('creationPolicy IfAbsent', () => {
  it('needs ports where the Service has to be created', async () => {
    await scene.define('unnamed', { ports: undefined });
    const message = await scene.untilReady('unnamed', 'False/PortsRequired');
    expect(message).toContain('spec.ports');
    await scene.untilEvent('unnamed', 'Warning PortsRequired');
    expect(await scene.objects.get('services', 'unnamed')).toBeUndefined();
  });

  it('creates a Service again that somebody deleted', async () => {
    await scene.defineWith('deleted', ['10.0.0.1:80']);
    const { metadata } = await scene.objects.get('services', 'deleted');
    await scene.objects.delete('services', 'deleted');
    await eventually(async () => {
      const again = await scene.objects.get('services', 'deleted');
      expect(again?.metadata.uid).not.toBe(metadata.uid);
      expect(again?.metadata.ownerReferences).toEqual(metadata.ownerReferences);
    });
    await scene.untilPublished('deleted', ['10.0.0.1:80']);
  });

  it('creates Endpoints again that somebody deleted', async () => {
    await scene.defineWith('emptied', ['10.0.0.1:80']);
    await scene.objects.delete('endpoints', 'emptied');
    await scene.untilPublished('emptied', ['10.0.0.1:80']);
  });
});

describe('a Service that cannot be filled from outside', () => {
  it.each([
    ['selector', { selector: { app: 'web' } }, 'ServiceHasSelector'],
    ['external', { type: 'ExternalName', externalName: 'example.com' }, 'ServiceIsExternalName'],
  ])('is refused and left alone: %s', async (name, spec, reason) => {
    const before = await createService(name, spec);
    await scene.registrar.put({ [`/services/${name}/1`]: '10.0.0.1:80' });
    await scene.define(name);
    const message = await scene.untilReady(name, `False/${reason}`);
    expect(message).toContain(`Service ${scene.namespace}/${name}`);
    await scene.untilEvent(name, `Warning ${reason}`);
    expect(await scene.objects.get('services', name)).toEqual(before);
    expect(await scene.objects.get('endpoints', name)).toBeUndefined();
  });

  it('is filled as soon as it can be', async () => {
    await createService('freed', { selector: { app: 'web' } });
    await scene.registrar.put({ '/services/freed/1': '10.0.0.1:8080' });
    await scene.define('freed', { ports: undefined });
    await scene.untilReady('freed', 'False/ServiceHasSelector');
    await scene.objects.change('services', 'freed', ({ spec }) => {
      delete spec.selector;
    });
    await scene.untilPublished('freed', ['10.0.0.1:8080 (http)']);
    await scene.untilReady('freed');
  });

  it('is one whose Endpoints somebody else has written', async () => {
    await createService('taken');
    const before = await createEndpoints('taken', '192.0.2.1');
    await scene.registrar.put({ '/services/taken/1': '10.0.0.1:80' });
    await scene.define('taken', { ports: undefined });
    expect(await scene.untilReady('taken', 'False/EndpointsTaken')).toContain(`${scene.namespace}/taken`);
    await scene.untilEvent('taken', 'Warning EndpointsTaken');
    expect(await scene.objects.get('endpoints', 'taken')).toEqual(before);
  });

  it.each(['IfAbsent', 'Adopt'] as const)(
    'is one whose Endpoints another controller owns, though they are empty now (%s)',
    async (creationPolicy) => {
      const name = `resting-${creationPolicy.toLowerCase()}`;
      await createService(name);
      const controller = {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        name: 'op',
        uid: 'a-b',
        controller: true,
      };
      const before = await scene.objects.create('endpoints', name, {
        metadata: { name, ownerReferences: [controller] },
      });
      await scene.registrar.put({ [`/services/${name}/1`]: '10.0.0.1:80' });
      await scene.define(name, { ports: undefined, service: { creationPolicy } });
      const reason = creationPolicy === 'Adopt' ? 'ServiceNotOurs' : 'EndpointsTaken';
      await scene.untilReady(name, `False/${reason}`);
      expect(await scene.objects.get('endpoints', name)).toEqual(before);
    },
  );
});

describeNeeding('discovery.k8s.io/v1', 'a Service that somebody fills by EndpointSlices', () => {
  const controlling = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'op', uid: 'a-b', controller: true };

  async function createSlice(service: string, ownerReferences: readonly object[] = []): Promise<void> {
    await scene.objects.create('endpointslices', `${service}-x`, {
      metadata: {
        name: `${service}-x`,
        labels: {
          'kubernetes.io/service-name': service,
          'endpointslice.kubernetes.io/managed-by': 'example.com',
        },
        ownerReferences,
      },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['192.0.2.1'] }],
      ports: [{ name: 'http', port: 8080 }],
    });
  }

  it.each([
    ['under creationPolicy IfAbsent', 'IfAbsent', [], undefined],
    ['under creationPolicy Never', 'Never', [], undefined],
    ['under creationPolicy Adopt where another controller owns them', 'Adopt', [controlling], undefined],
    ['under creationPolicy Adopt where Endpoints alone are published', 'Adopt', [], ['Endpoints']],
  ] as const)('is refused %s', async (title, creationPolicy, owners, publish) => {
    const name = `sliced-${title.length}`;
    const before = await createService(name);
    await createSlice(name, owners);
    await scene.registrar.put({ [`/services/${name}/1`]: '10.0.0.1:80' });
    await scene.define(name, {
      ports: undefined,
      service: { creationPolicy },
      ...(publish && { publish: [...publish] }),
    });
    expect(await scene.untilReady(name, 'False/EndpointsTaken')).toContain(`${name}-x`);
    expect(await scene.objects.get('endpoints', name)).toBeUndefined();
    expect(await scene.objects.get('services', name)).toEqual(before);
  });

  it('is taken over under creationPolicy Adopt once an instance is ready: theirs go when ours stand', async () => {
    await createService('sliced');
    await createSlice('sliced');
    await scene.define('sliced', { ports: undefined, service: { creationPolicy: 'Adopt' } });
    await scene.untilReady('sliced', 'False/WaitingForInstances');
    expect(await scene.slices('sliced')).toEqual([]);
    expect(await scene.slices('sliced', 'example.com')).toHaveLength(1);
    await scene.registrar.put({ '/services/sliced/1': '10.0.0.1:80' });
    await scene.untilReady('sliced');
    expect(await scene.publishedInSlices('sliced')).toEqual(['10.0.0.1:80 (http)']);
    expect(await scene.slices('sliced', 'example.com')).toEqual([]);
    await scene.untilEvent('sliced', 'Normal SlicesAdopted');
    // From now on those of others stand beside ours as anywhere else.
    await createSlice('sliced');
    await scene.registrar.put({ '/services/sliced/2': '10.0.0.2:80' });
    await scene.untilInSlices('sliced', ['10.0.0.1:80 (http)', '10.0.0.2:80 (http)']);
    expect(await scene.slices('sliced', 'example.com')).toHaveLength(1);
  });
});

describe('creationPolicy Adopt', () => {
  const adopt = { ports: undefined, service: { creationPolicy: 'Adopt' } } as const;

  it('takes over hand-written Endpoints in one step, once etcd holds an instance', async () => {
    const service = await createService('adopted');
    await createEndpoints('adopted', '192.0.2.1');
    const watch = await scene.objects.watch('endpoints', 'adopted');
    await scene.define('adopted', adopt);
    await scene.untilReady('adopted', 'False/WaitingForInstances');
    expect(await scene.published('adopted')).toEqual(['192.0.2.1:8080 (http)']);

    await scene.registrar.put({ '/services/adopted/1': '10.0.0.1:8080' });
    await scene.untilPublished('adopted', ['10.0.0.1:8080 (http)']);
    await scene.untilReady('adopted');
    await scene.untilEvent('adopted', 'Normal EndpointsAdopted');
    await eventually(() => expect(addressesOf(watch.states.at(-1))).toEqual(['10.0.0.1:8080 (http)']));
    watch.end();
    expect(watch.states.map(addressesOf)).toEqual([['192.0.2.1:8080 (http)'], ['10.0.0.1:8080 (http)']]);

    const { metadata } = await scene.objects.get('endpoints', 'adopted');
    expect(JSON.parse(metadata.annotations['etcd-endpoints.io/adopted-from'])).toMatchObject({
      labels: { by: 'hand' },
      subsets: [{ addresses: [{ ip: '192.0.2.1' }] }],
    });
    const after = await scene.objects.get('services', 'adopted');
    expect(after.spec).toEqual(service.spec);
    // What the user has made does not go with the EtcdService.
    expect(after.metadata.ownerReferences).toBeUndefined();
  });

  it('keeps what stood before readable when instances change later', async () => {
    await createService('history');
    await createEndpoints('history', '192.0.2.1');
    await scene.defineWith('history', ['10.0.0.1:8080'], adopt);
    await scene.registrar.put({ '/services/history/1': '10.0.0.2:8080' });
    await scene.untilPublished('history', ['10.0.0.2:8080 (http)']);
    const { metadata } = await scene.objects.get('endpoints', 'history');
    expect(metadata.annotations['etcd-endpoints.io/adopted-from']).toContain('192.0.2.1');
  });

  it('gives an ExternalName endpoints, in one write of the Service, once an instance is ready', async () => {
    const external = { type: 'ExternalName', externalName: 'shop.example.com', ports: undefined };
    await createService('named', external);
    const watch = await scene.objects.watch('services', 'named');
    const service = { creationPolicy: 'Adopt' } as const;
    await scene.define('named', { service, ports: [{ name: 'http', port: 80 }] });
    await scene.untilReady('named', 'False/WaitingForInstances');
    expect(await scene.objects.get('endpoints', 'named')).toBeUndefined();

    await scene.registrar.put({ '/services/named/1': '10.0.0.1:8080' });
    await scene.untilReady('named');
    await scene.untilPublished('named', ['10.0.0.1:8080 (http)']);
    await scene.untilEvent('named', 'Normal ServiceConverted');
    await eventually(() => expect(watch.states.at(-1).spec.type).toBe('ClusterIP'));
    watch.end();
    expect(watch.states).toHaveLength(2);
    const { metadata, spec } = watch.states[1];
    expect(spec).toMatchObject({
      ports: [{ name: 'http', port: 80 }],
      clusterIP: expect.stringMatching(/^10\./),
    });
    expect(spec).not.toHaveProperty('externalName');
    expect(metadata.ownerReferences).toBeUndefined();
    expect(JSON.parse(metadata.annotations['etcd-endpoints.io/adopted-from'])).toEqual({
      type: 'ExternalName',
      externalName: 'shop.example.com',
    });
  });

  it('gives an ExternalName endpoints without a cluster IP where it is to be headless', async () => {
    await createService('bare', { type: 'ExternalName', externalName: 'shop.example.com' });
    const service = { creationPolicy: 'Adopt', type: 'Headless' } as const;
    await scene.defineWith('bare', ['10.0.0.1:8080'], { ports: undefined, service });
    await scene.untilPublished('bare', ['10.0.0.1:8080 (http)']);
    const { spec } = await scene.objects.get('services', 'bare');
    expect(spec).toMatchObject({ type: 'ClusterIP', clusterIP: 'None', ports });
  });

  it('does not fight who makes the Service an ExternalName again', async () => {
    await createService('undone', { type: 'ExternalName', externalName: 'shop.example.com' });
    await scene.defineWith('undone', ['10.0.0.1:8080'], adopt);
    await scene.objects.change('services', 'undone', ({ spec }) => {
      spec.type = 'ExternalName';
      spec.externalName = 'shop.example.com';
      delete spec.clusterIP;
      delete spec.clusterIPs;
    });
    const message = await scene.untilReady('undone', 'False/ServiceIsExternalName');
    expect(message).toContain('again');
    expect((await scene.objects.get('services', 'undone')).spec.type).toBe('ExternalName');
  });

  it('needs ports for an ExternalName that has none', async () => {
    await createService('portless', {
      type: 'ExternalName',
      externalName: 'shop.example.com',
      ports: undefined,
    });
    await scene.define('portless', adopt);
    await scene.untilReady('portless', 'False/PortsRequired');
  });

  it('creates the Service where there is none', async () => {
    await scene.defineWith('made', ['10.0.0.1:80'], { service: { creationPolicy: 'Adopt' } });
    expect(await scene.published('made')).toEqual(['10.0.0.1:80']);
  });

  it('leaves a Service alone that another controller owns', async () => {
    const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web', uid: 'a-b-c', controller: true };
    const before = await scene.objects.create('services', 'controlled', {
      metadata: { name: 'controlled', ownerReferences: [owner] },
      spec: { ports },
    });
    await scene.define('controlled', adopt);
    await scene.untilReady('controlled', 'False/ServiceNotOurs');
    expect(await scene.objects.get('services', 'controlled')).toEqual(before);
  });
});

describe('deletionPolicy Retain', () => {
  it('marks what it makes by a label, and owns none of it', async () => {
    await scene.defineWith('retained', ['10.0.0.1:80'], { service: { deletionPolicy: 'Retain' } });
    for (const plural of ['services', 'endpoints']) {
      const { metadata } = await scene.objects.get(plural, 'retained');
      expect(metadata).not.toHaveProperty('ownerReferences');
      expect(metadata.labels).toMatchObject({ 'etcd-endpoints.io/etcdservice': 'retained' });
    }
  });

  it('may be chosen later, and given up again', async () => {
    const owners = async (): Promise<readonly number[]> => {
      const objects = [
        await scene.objects.get('services', 'undecided'),
        await scene.objects.get('endpoints', 'undecided'),
      ];
      return objects.map(({ metadata }) => metadata.ownerReferences?.length ?? 0);
    };
    await scene.defineWith('undecided', ['10.0.0.1:80']);
    await scene.redefine('undecided', { service: { deletionPolicy: 'Retain' } });
    await eventually(async () => expect(await owners()).toEqual([0, 0]));
    await scene.redefine('undecided', { service: { deletionPolicy: 'Delete' } });
    await eventually(async () => expect(await owners()).toEqual([1, 1]));
  });

  it('lets an EtcdService of the same name take over what its predecessor left', async () => {
    await scene.defineWith('heir', ['10.0.0.1:80'], { service: { deletionPolicy: 'Retain' } });
    const { metadata } = await scene.objects.get('services', 'heir');
    await scene.objects.delete('etcdservices', 'heir');
    await scene.registrar.put({ '/services/heir/2': '10.0.0.2:80' });
    await scene.define('heir');
    await scene.untilPublished('heir', ['10.0.0.1:80', '10.0.0.2:80']);
    const after = await scene.objects.get('services', 'heir');
    expect(after.metadata.uid).toBe(metadata.uid);
    expect(after.metadata.ownerReferences).toHaveLength(1);
  });
});
