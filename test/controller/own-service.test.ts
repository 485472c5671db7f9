import { beforeAll, describe, expect, it } from 'vitest';
import { writesOf } from '../kit/audit.ts';
import { servers } from '../kit/control-plane.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { type Scene, startScene } from '../kit/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  return () => scene.stop();
});

/** What is ours of a Service that was created here. */
function ownPart({ metadata, spec }: AnyObject): object {
  const { labels, annotations, ownerReferences } = metadata;
  return { labels, annotations, ownerReferences, spec };
}

describe('a Service that was created here', () => {
  it('has several protocols on one port number, and loses one again', async () => {
    const dns = (protocol: 'TCP' | 'UDP') => ({ name: protocol.toLowerCase(), port: 53, protocol });
    await scene.defineWith('dns', ['10.0.0.1:5353'], { ports: [dns('TCP'), dns('UDP')] });
    expect(await scene.published('dns')).toEqual(['10.0.0.1:5353 (tcp)', '10.0.0.1:5353 (udp)']);
    await scene.redefine('dns', { ports: [dns('UDP')] });
    await scene.untilPublished('dns', ['10.0.0.1:5353 (udp)']);
    const { spec } = await scene.objects.get('services', 'dns');
    expect(spec.ports).toMatchObject([{ name: 'udp', port: 53, protocol: 'UDP' }]);
  });

  it('loses labels and annotations that the spec does not name any more', async () => {
    await scene.defineWith('bare', ['10.0.0.1:80'], {
      service: { labels: { team: 'shop' }, annotations: { 'example.com/note': 'a' } },
    });
    await scene.redefine('bare', { service: {} });
    await eventually(async () => {
      const { metadata } = await scene.objects.get('services', 'bare');
      expect(metadata.labels).not.toHaveProperty('team');
      expect(metadata.annotations).not.toHaveProperty('example.com/note');
    });
    await eventually(async () => {
      const { metadata } = await scene.objects.get('endpoints', 'bare');
      expect(metadata.labels).not.toHaveProperty('team');
    });
  });

  it('is written once, also where the apiserver does not know a field', async () => {
    await scene.defineWith('pruned', ['10.0.0.1:80'], { service: { trafficDistribution: 'PreferClose' } });
    for (const address of ['10.0.0.2:80', '10.0.0.3:80']) {
      await scene.registrar.put({ '/services/pruned/1': address });
      await scene.untilPublished('pruned', [address]);
    }
    await scene.controller.untilIdle();
    const writes = await writesOf(scene.controller);
    const ofService = writes.filter(({ resource, name }) => resource === 'services' && name === 'pruned');
    expect(ofService.filter(({ code }) => code < 300)).toHaveLength(1);
    // An apiserver from before 1.30 refuses the whole Service, once.
    expect(ofService.length).toBeLessThanOrEqual(2);
  });
});

describe('what others do to our objects', () => {
  it('is undone where it concerns our fields of the Service', async () => {
    await scene.defineWith('drift', ['10.0.0.1:80'], {
      ports: [{ name: 'http', port: 80, targetPort: 8080, appProtocol: 'http' }],
      service: { labels: { team: 'shop' } },
    });
    const before = await scene.objects.get('services', 'drift');
    await scene.objects.change('services', 'drift', ({ metadata, spec }) => {
      metadata.labels.team = 'cart';
      metadata.ownerReferences = [];
      spec.ports = [{ name: 'renamed', port: 80, targetPort: 9999 }];
    });
    await eventually(async () =>
      expect(ownPart(await scene.objects.get('services', 'drift'))).toEqual(ownPart(before)),
    );
  });

  it('is undone where somebody names the one port that has no name', async () => {
    await scene.defineWith('nameless', ['10.0.0.1:80']);
    await scene.objects.change('services', 'nameless', ({ spec }) => {
      spec.ports[0].name = 'first';
    });
    await eventually(async () => {
      const { spec } = await scene.objects.get('services', 'nameless');
      expect(spec.ports[0]).not.toHaveProperty('name');
    });
    expect(await scene.published('nameless')).toEqual(['10.0.0.1:80']);
  });

  it('is undone where it concerns the Endpoints', async () => {
    await scene.defineWith('bent', ['10.0.0.1:80']);
    await scene.objects.change('endpoints', 'bent', ({ subsets }) => {
      subsets[0].addresses = [{ ip: '192.0.2.9' }];
    });
    await scene.untilPublished('bent', ['10.0.0.1:80']);
  });

  it.each(['services', 'endpoints'])('is undone where our label is taken from the %s', async (plural) => {
    const name = `unmarked-${plural}`;
    await scene.defineWith(name, ['10.0.0.1:80']);
    await scene.objects.change(plural, name, ({ metadata }) => {
      delete metadata.labels['etcd-endpoints.io/etcdservice'];
    });
    await eventually(async () => {
      const { metadata } = await scene.objects.get(plural, name);
      expect(metadata.labels['etcd-endpoints.io/etcdservice']).toBe(name);
    });
    await scene.untilReady(name);
    expect(await scene.published(name)).toEqual(['10.0.0.1:80']);
  });

  it('stays where it concerns labels of the Service, annotations and fields that we do not set', async () => {
    await scene.defineWith('guests', ['10.0.0.1:80']);
    await scene.objects.change('services', 'guests', ({ metadata, spec }) => {
      metadata.labels.theirs = 'a';
      metadata.annotations.theirs = 'b';
      spec.sessionAffinity = 'ClientIP';
    });
    await scene.objects.change('endpoints', 'guests', ({ metadata }) => {
      metadata.annotations = { theirs: 'c' };
    });
    await scene.registrar.put({ '/services/guests/2': '10.0.0.2:80' });
    await scene.untilPublished('guests', ['10.0.0.1:80', '10.0.0.2:80']);
    await scene.redefine('guests', { service: { labels: { ours: 'd' } } });
    await eventually(async () => {
      const { metadata, spec } = await scene.objects.get('services', 'guests');
      expect(metadata.labels).toMatchObject({ theirs: 'a', ours: 'd' });
      expect(metadata.annotations).toMatchObject({ theirs: 'b' });
      expect(spec.sessionAffinity).toBe('ClientIP');
    });
    const { metadata } = await scene.objects.get('endpoints', 'guests');
    expect(metadata.annotations).toMatchObject({ theirs: 'c' });
  });

  it('is never answered by a loop of writes', async () => {
    await scene.controller.untilIdle();
    const before = await writesOf(scene.controller);
    await scene.defineWith('quiet', ['10.0.0.1:80']);
    await scene.controller.untilIdle();
    // Whatever loops would write for others too, again and again, while this EtcdService comes and is served.
    const writes = (await writesOf(scene.controller)).slice(before.length);
    const served = servers().served.discoveryV1;
    expect(writes.map(({ verb, resource, name }) => `${verb} ${resource} ${name}`)).toEqual([
      'patch services quiet',
      ...(served ? [expect.stringContaining('create endpointslices quiet-')] : []),
      'create endpoints quiet',
      expect.stringContaining('etcdservices/status quiet'),
    ]);
  });
});
