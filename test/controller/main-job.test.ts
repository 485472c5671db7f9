import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { servers } from '../kit/control-plane.ts';
import { eventually } from '../kit/eventually.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type Scene, skipMirror, startScene } from '../kit/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  return () => scene.stop();
});

describe('an EtcdService', () => {
  it('gets a Service and Endpoints that belong to it and to nobody else', async () => {
    const { metadata } = await scene.define('owned', {
      ports: [{ name: 'http', port: 80, targetPort: 8080, appProtocol: 'http' }],
      service: { labels: { team: 'shop' }, annotations: { 'example.com/note': 'a b' } },
    });
    await scene.registrar.put({ '/services/owned/1': '10.0.0.1' });
    await scene.untilPublished('owned', ['10.0.0.1:8080 (http)']);

    const ownerReferences = [
      {
        apiVersion: 'etcd-endpoints.io/v1alpha1',
        kind: 'EtcdService',
        name: 'owned',
        uid: metadata.uid,
        controller: true,
        blockOwnerDeletion: false,
      },
    ];
    const service = await scene.objects.get('services', 'owned');
    expect(service.metadata.ownerReferences).toEqual(ownerReferences);
    expect(service.metadata.labels).toEqual({
      team: 'shop',
      'app.kubernetes.io/managed-by': 'etcd-endpoints.io',
      'etcd-endpoints.io/etcdservice': 'owned',
    });
    expect(service.metadata.annotations).toMatchObject({ 'example.com/note': 'a b' });
    expect(service.spec).toMatchObject({
      type: 'ClusterIP',
      ports: [{ name: 'http', port: 80, targetPort: 8080, protocol: 'TCP', appProtocol: 'http' }],
    });
    expect(service.spec).not.toHaveProperty('selector');

    const endpoints = await scene.objects.get('endpoints', 'owned');
    expect(endpoints.metadata.ownerReferences).toEqual(ownerReferences);
    expect(endpoints.metadata.labels).toEqual({
      ...service.metadata.labels,
      'endpoints.kubernetes.io/managed-by': 'etcd-endpoints.io',
      ...skipMirror(),
    });
    expect(endpoints.subsets).toEqual([
      {
        addresses: [{ ip: '10.0.0.1' }],
        ports: [{ name: 'http', port: 8080, protocol: 'TCP', appProtocol: 'http' }],
      },
    ]);
  });

  it('says in its status what is published, and of which spec', async () => {
    await scene.defineWith('told', ['10.0.0.1:80', '10.0.0.2:80', '127.0.0.1:80']);
    const { metadata, status } = await scene.objects.get('etcdservices', 'told');
    expect(status).toMatchObject({
      observedGeneration: metadata.generation,
      serviceName: 'told',
      summary: '2/2',
      instances: { keys: 3, ready: 2, notReady: 0, filtered: 0, ignored: 0, rejected: 1, duplicate: 0 },
    });
    expect(Number(status.revision)).toBeGreaterThan(1);
    expect(await scene.condition('told', 'HasEndpoints')).toBe('True/EndpointsReady');
    expect(await scene.condition('told', 'RegistryConnected')).toBe('True/Connected');
  });

  it('is ready without any instance, and says apart that there is none', async () => {
    await scene.define('empty');
    await scene.untilReady('empty');
    expect(await scene.condition('empty', 'HasEndpoints')).toBe('False/NoInstances');
    expect(await scene.published('empty')).toEqual([]);
    expect(await scene.objects.get('services', 'empty')).toBeDefined();
  });

  it('follows instances as they come, move, leave and expire', async () => {
    await scene.define('lively');
    await scene.registrar.put({
      '/services/lively/a': '10.0.0.1:8080',
      '/services/lively/b': '10.0.0.2:8080',
    });
    await scene.registrar.putExpiring({ '/services/lively/c': '10.0.0.3:8080' });
    await scene.untilPublished('lively', ['10.0.0.1:8080', '10.0.0.2:8080', '10.0.0.3:8080']);
    await scene.registrar.put({ '/services/lively/a': '10.0.0.9:9090' });
    await scene.untilPublished('lively', ['10.0.0.2:8080', '10.0.0.3:8080', '10.0.0.9:9090']);
    await scene.registrar.delete('/services/lively/b');
    await scene.untilPublished('lively', ['10.0.0.3:8080', '10.0.0.9:9090']);
    // Nobody keeps the lease of c alive.
    await scene.untilPublished('lively', ['10.0.0.9:9090']);
    await scene.registrar.delete('/services/lively/a');
    await scene.untilPublished('lively', []);
    await eventually(async () =>
      expect(await scene.condition('lively', 'HasEndpoints')).toBe('False/NoInstances'),
    );
  });

  it('follows its own spec', async () => {
    await scene.registrar.put({ '/elsewhere/1': '10.0.1.1:80' });
    await scene.defineWith('edited', ['10.0.0.1:80']);
    await scene.redefine('edited', { prefix: '/elsewhere' });
    await scene.untilPublished('edited', ['10.0.1.1:80']);
    await scene.redefine('edited', { ports: [{ name: 'web', port: 8000, targetPort: 9000 }] });
    await scene.untilPublished('edited', ['10.0.1.1:9000 (web)']);
    const { spec } = await scene.objects.get('services', 'edited');
    expect(spec.ports).toEqual([{ name: 'web', port: 8000, targetPort: 9000, protocol: 'TCP' }]);
  });

  it('publishes nothing new while it is paused, and goes on afterwards', async () => {
    await scene.defineWith('paused', ['10.0.0.1:80']);
    await scene.redefine('paused', { mode: 'Paused' });
    await scene.untilReady('paused', 'Unknown/Paused');
    const before = await scene.objects.get('endpoints', 'paused');
    const heard = await scene.controller.metric('etcd_endpoints_registry_events_total');
    await scene.registrar.put({ '/services/paused/2': '10.0.0.2:80' });
    await eventually(async () =>
      expect(await scene.controller.metric('etcd_endpoints_registry_events_total')).toBeGreaterThan(heard),
    );
    await scene.controller.untilIdle();
    expect(await scene.objects.get('endpoints', 'paused')).toEqual(before);
    await scene.redefine('paused', { mode: 'Publish' });
    await scene.untilPublished('paused', ['10.0.0.1:80', '10.0.0.2:80']);
    await scene.untilReady('paused');
  });

  it('that begins paused gets no Service', async () => {
    await scene.define('asleep', { mode: 'Paused' });
    await scene.untilReady('asleep', 'Unknown/Paused');
    expect(await scene.objects.get('services', 'asleep')).toBeUndefined();
    expect(await scene.objects.get('endpoints', 'asleep')).toBeUndefined();
  });
});

describe('what is read', () => {
  it('ends at the separator, so that /web never swallows /web-admin', async () => {
    await scene.registrar.put({
      '/own/web/1': '10.0.0.1:80',
      '/own/web-admin/1': '10.0.0.2:80',
      '/own/web': '10.0.0.3:80',
    });
    await scene.define('web', { prefix: '/own/web' });
    await scene.untilPublished('web', ['10.0.0.1:80']);
  });

  it('is every key that begins so where the separator is empty', async () => {
    await scene.registrar.put({ 'user.rpc.1': '10.0.0.1:80', 'user.rpcs': '10.0.0.2:80' });
    await scene.define('bytes', { prefix: 'user.rpc', separator: '' });
    await scene.untilPublished('bytes', ['10.0.0.1:80', '10.0.0.2:80']);
  });

  it('is the one key where a key is named', async () => {
    await scene.registrar.put({ '/single': '10.0.0.1:80', '/single/1': '10.0.0.2:80' });
    await scene.define('single', { key: '/single' });
    await scene.untilPublished('single', ['10.0.0.1:80']);
    await scene.registrar.put({ '/single': '10.0.0.3:81' });
    await scene.untilPublished('single', ['10.0.0.3:81']);
  });

  it('may be read by two EtcdServices at once', async () => {
    await scene.registrar.put({ '/shared/a/1': '10.0.0.1:80', '/shared/b/1': '10.0.0.2:80' });
    await scene.define('whole', { prefix: '/shared' });
    await scene.define('part', { prefix: '/shared/b' });
    await scene.untilPublished('whole', ['10.0.0.1:80', '10.0.0.2:80']);
    await scene.untilPublished('part', ['10.0.0.2:80']);
    await scene.registrar.put({ '/shared/b/1': '10.0.0.3:80' });
    await scene.untilPublished('whole', ['10.0.0.1:80', '10.0.0.3:80']);
    await scene.untilPublished('part', ['10.0.0.3:80']);
  });
});

describe('an instance', () => {
  it('has as address and port what its key says where the value is empty', async () => {
    await scene.registrar.put({ '/services/keyed/10.0.0.1:8080': '' });
    await scene.define('keyed');
    await scene.untilPublished('keyed', ['10.0.0.1:8080']);
  });

  it('is read by the paths of the block json, ready or not', async () => {
    const value = (ip: string, status: string): string =>
      JSON.stringify({ net: { ip }, ports: { web: 81 }, status });
    await scene.defineWith('paths', [value('10.0.0.1', 'UP'), value('10.0.0.2', 'DOWN')], {
      format: 'json',
      json: { address: '.net.ip', ports: { web: '.ports.web' }, ready: { path: '.status', values: ['UP'] } },
      ports: [{ port: 80, targetPort: 'web' }],
    });
    expect(await scene.published('paths')).toEqual(['10.0.0.1:81', '10.0.0.2:81 not ready']);
    expect(await scene.status('paths')).toMatchObject({
      summary: '1/2',
      instances: { ready: 1, notReady: 1 },
    });
    await scene.registrar.put({ '/services/paths/1': value('10.0.0.1', 'DOWN') });
    await scene.untilPublished('paths', ['10.0.0.1:81 not ready', '10.0.0.2:81 not ready']);
    await eventually(async () =>
      expect(await scene.condition('paths', 'HasEndpoints')).toBe('False/NoReadyEndpoints'),
    );
  });

  it('is one of several in a key where the block json says where they are', async () => {
    const nodes = [
      { ip: '10.0.0.1', port: 1 },
      { ip: '10.0.0.2', port: 2 },
    ];
    await scene.defineWith('items', [JSON.stringify({ nodes })], {
      format: 'json',
      json: { items: '.nodes' },
    });
    expect(await scene.published('items')).toEqual(['10.0.0.1:1', '10.0.0.2:2']);
  });

  it('is understood by common names without any configuration', async () => {
    await scene.defineWith('common', [
      '{"host":"10.0.0.1","port":8080}',
      '{"ServiceIP":"10.0.0.2","servicePort":"8081"}',
      '10.0.0.3:8082',
      '"10.0.0.4:8083"',
    ]);
    expect(await scene.published('common')).toEqual([
      '10.0.0.1:8080',
      '10.0.0.2:8081',
      '10.0.0.3:8082',
      '10.0.0.4:8083',
    ]);
  });

  it.each([
    { title: 'format auto', name: 'pay-auto', spec: { format: 'auto' } },
    {
      title: 'paths of its fields',
      name: 'pay-json',
      spec: { format: 'json', json: { address: '.serviceIP', port: '.port' } },
    },
  ] as const)(
    'case 14: is described in JSON under /<system>/service/<name>/<ip>, read by $title',
    async ({ name, spec }) => {
      const prefix = `/bank/service/${name}`;
      const described = (serviceIP: string, port: number): string =>
        JSON.stringify({ serviceName: name, serviceIP, port });
      await scene.registrar.put({
        [`${prefix}/10.0.0.5`]: described('10.0.0.5', 8080),
        [`${prefix}/10.0.0.6`]: described('10.0.0.6', 8081),
      });
      await scene.define(name, { prefix, ...spec });
      await scene.untilPublished(name, ['10.0.0.5:8080', '10.0.0.6:8081']);
      await scene.registrar.put({ [`${prefix}/10.0.0.5`]: described('10.0.0.5', 9090) });
      await scene.untilPublished(name, ['10.0.0.5:9090', '10.0.0.6:8081']);
      await scene.registrar.delete(`${prefix}/10.0.0.6`);
      await scene.untilPublished(name, ['10.0.0.5:9090']);
    },
  );

  it('is published for the ports that it has, and an Event says that it lacks others', async () => {
    await scene.defineWith(
      'ports',
      ['{"ip":"10.0.0.1","http":81,"grpc":82}', '{"ip":"10.0.0.2","http":81}'],
      {
        format: 'json',
        json: { ports: { http: '.http', grpc: '.grpc' } },
        ports: [
          { name: 'http', port: 80, targetPort: 'http' },
          { name: 'grpc', port: 90, targetPort: 'grpc' },
        ],
      },
    );
    expect(await scene.published('ports')).toEqual([
      '10.0.0.1:81 (http)',
      '10.0.0.1:82 (grpc)',
      '10.0.0.2:81 (http)',
    ]);
    await scene.untilEvent('ports', 'Warning PortsMissing 1 instances lack some ports');
  });

  it('is published only where the filter lets it through, also by metadata of the layout', async () => {
    await scene.registrar.put({
      '/services/zoned/eu/1': '10.0.0.1:80',
      '/services/zoned/us/1': '10.0.0.2:80',
      '/services/zoned/eu/2': '10.9.0.3:80',
    });
    await scene.define('zoned', {
      layout: '{zone}/{instance}',
      filter: { matchMetadata: { zone: 'eu' }, excludeCIDRs: ['10.9.0.0/16'] },
    });
    await scene.untilPublished('zoned', ['10.0.0.1:80']);
    await scene.untilCounted('zoned', { keys: 3, ready: 1, filtered: 2 });
    await scene.redefine('zoned', { filter: { matchMetadata: { zone: 'us' } } });
    await scene.untilPublished('zoned', ['10.0.0.2:80']);
  });
});

describe('a headless Service', () => {
  it('has no cluster IP and hands out the addresses', async () => {
    await scene.defineWith('headless', ['10.0.0.1:80'], { service: { type: 'Headless' } });
    const { spec } = await scene.objects.get('services', 'headless');
    expect(spec.clusterIP).toBe('None');
    const { metadata } = await scene.objects.get('endpoints', 'headless');
    expect(metadata.labels).toMatchObject({ 'service.kubernetes.io/headless': '' });
  });

  it('needs no ports', async () => {
    await scene.registrar.put({ '/services/portless/1': '10.0.0.1', '/services/portless/2': '10.0.0.2:80' });
    const { spec } = await scene.objects.create('etcdservices', 'portless', {
      apiVersion: 'etcd-endpoints.io/v1alpha1',
      kind: 'EtcdService',
      spec: { prefix: '/services/portless', service: { type: 'Headless' } },
    });
    expect(spec).not.toHaveProperty('ports');
    await scene.untilPublished('portless', ['10.0.0.1', '10.0.0.2']);
  });
});

describe('a Service with more than a thousand instances', () => {
  it('holds a thousand and says that there are more', async () => {
    const keys = Array.from({ length: 1001 }, (_, n) => `/services/crowd/10.3.${n >> 8}.${n & 255}:80`);
    for (let start = 0; start < keys.length; start += 100) {
      await scene.registrar.etcd.commit(new Map(keys.slice(start, start + 100).map((key) => [key, ''])));
    }
    await scene.define('crowd');
    await scene.untilReady('crowd');
    const { metadata } = await scene.objects.get('endpoints', 'crowd');
    expect(metadata.annotations).toMatchObject({ 'endpoints.kubernetes.io/over-capacity': 'truncated' });
    expect(await scene.published('crowd')).toHaveLength(1000);
    await scene.untilEvent('crowd', 'Warning OverCapacity 1001 addresses');
    await scene.registrar.delete('/services/crowd/10.3.0.0:80');
    await eventually(async () => {
      const endpoints = await scene.objects.get('endpoints', 'crowd');
      expect(endpoints.metadata.annotations).not.toHaveProperty(['endpoints.kubernetes.io/over-capacity']);
    });
    expect(await scene.published('crowd')).toHaveLength(1000);
  });
});

describeNeeding('kubectl', 'a user with kubectl', () => {
  const kubectl = async (...args: readonly string[]): Promise<string> => {
    const { binaries, credentials } = servers();
    const where = [`--kubeconfig=${credentials.kubeconfigPath}`, `--namespace=${scene.namespace}`];
    const { stdout } = await promisify(execFile)(binaries.kubectl ?? '', [...where, ...args]);
    return stdout;
  };

  it('sees the endpoints, waits for readiness, and reads the columns', async () => {
    await scene.registrar.put({ '/services/seen/1': '10.0.0.1:8080', '/services/seen/2': '10.0.0.2:8080' });
    await scene.define('seen');
    expect(await kubectl('wait', '--for=condition=Ready', 'etcdservice/seen', '--timeout=15s')).toContain(
      'etcdservice.etcd-endpoints.io/seen condition met',
    );
    expect(await kubectl('get', 'endpoints', 'seen')).toMatch(/seen +10\.0\.0\.1:8080,10\.0\.0\.2:8080/);
    expect(await kubectl('get', 'etcdsvc', 'seen')).toMatch(/seen +seen +\/services\/seen +2\/2 +0 +True +/);
  });
});
