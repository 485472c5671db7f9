import { beforeAll, describe, expect, it } from 'vitest';
import { publishedResources, writesOf } from '../kit/audit.ts';
import { eventually, marginMs } from '../kit/eventually.ts';
import { type Scene, startScene } from '../kit/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  return () => scene.stop();
});

describe('the metrics', () => {
  it('count what was done and show what stands', async () => {
    const { controller } = scene;
    await scene.defineWith('counted', ['10.0.0.1:80', '10.0.0.2:80', '127.0.0.1:80']);
    await scene.registrar.put({ '/services/counted/2': '10.0.0.3:80' });
    await scene.untilPublished('counted', ['10.0.0.1:80', '10.0.0.3:80']);
    await controller.untilIdle();

    const registry = { registry: 'default' };
    expect(await controller.metric('etcd_endpoints_registry_connected', registry)).toBe(1);
    expect(await controller.metric('etcd_endpoints_registry_keys', registry)).toBe(3);
    expect(await controller.metric('etcd_endpoints_registry_ranges', registry)).toBe(1);
    expect(await controller.metric('etcd_endpoints_registry_revision', registry)).toBeGreaterThanOrEqual(5);
    expect(await controller.metric('etcd_endpoints_registry_events_total', registry)).toBe(1);
    expect(await controller.metric('etcd_endpoints_registry_lists_total', { reason: 'first' })).toBe(1);
    expect(await controller.metric('etcd_endpoints_endpoints', { state: 'ready' })).toBe(2);
    expect(
      await controller.metric('etcd_endpoints_registrations_rejected', { reason: 'InvalidAddress' }),
    ).toBe(1);
    expect(await controller.metric('etcd_endpoints_oldest_unpublished_change_seconds')).toBe(0);
    expect(await controller.metric('etcd_endpoints_publish_latency_seconds_count')).toBe(2);
    const write = (kind: string, operation: string): Promise<number> =>
      controller.metric('etcd_endpoints_writes_total', { kind, operation, result: 'success' });
    expect(await write('Service', 'apply')).toBe(1);
    expect(await write('Endpoints', 'create')).toBe(1);
    expect(await write('Endpoints', 'update')).toBe(1);
    expect(await write('EtcdService', 'update_status')).toBe(1);
    const slices = publishedResources().includes('endpointslices') ? 1 : 0;
    expect(await write('EndpointSlice', 'create')).toBe(slices);
    expect(await write('EndpointSlice', 'update')).toBe(slices);
    for (const resource of ['etcdservices', 'services', ...publishedResources()]) {
      const listed = { verb: 'list', code: '200', resource };
      expect(await controller.metric('etcd_endpoints_kube_requests_total', listed), resource).toBe(1);
    }
    expect(await controller.metric('etcd_endpoints_build_info')).toBe(1);

    const own = { controller: 'etcdservice' };
    expect(await controller.metric('controller_runtime_reconcile_total', own)).toBeGreaterThanOrEqual(2);
    expect(await controller.metric('controller_runtime_reconcile_errors_total', own)).toBe(0);
    expect(await controller.metric('controller_runtime_max_concurrent_reconciles', own)).toBe(8);
    expect(await controller.metric('workqueue_adds_total', { name: 'etcdservice' })).toBeGreaterThanOrEqual(
      2,
    );
    expect(await controller.metric('workqueue_depth', { name: 'etcdservice' })).toBe(0);
    expect(await controller.metric('process_resident_memory_bytes')).toBeGreaterThan(0);
  });
});

describe('a storm of changes', () => {
  it('on one Service becomes a few writes, the last of which is right', async () => {
    await scene.defineWith('storm', ['10.0.0.1:80']);
    await scene.controller.untilIdle();
    const before = (await writesOf(scene.controller)).length;
    const started = performance.now();
    // Fifty instances at once, each of which moves forty times: puts of one key that overtake each other would end anywhere.
    const instances = Array.from({ length: 50 }, (_, index) => index);
    await Promise.all(
      instances.map(async (index) => {
        for (let port = 1; port <= 40; port += 1) {
          await scene.registrar.etcd.put(`/services/storm/${index}`, `10.0.${index}.1:${port}`);
        }
      }),
    );
    await scene.untilPublished(
      'storm',
      instances.map((index) => `10.0.${index}.1:40`),
    );
    const tookMs = performance.now() - started;
    await scene.controller.untilIdle();
    const writes = (await writesOf(scene.controller)).slice(before);
    const ofEndpoints = writes.filter(({ resource }) => resource === 'endpoints');
    // Ten a second are the most, and none fails.
    expect(ofEndpoints.length).toBeLessThanOrEqual(5 + Math.ceil(tookMs / 100));
    expect(ofEndpoints.every(({ code }) => code === 200)).toBe(true);
    // Of slices as many as there are sets of ports, none of which fails.
    const ofSlices = writes.filter(({ resource }) => resource === 'endpointslices');
    expect(ofSlices.filter(({ code }) => code >= 300)).toEqual([]);
    // One at the beginning at the most, and one in ten seconds: counters are throttled.
    expect(writes.length - ofEndpoints.length - ofSlices.length).toBeLessThanOrEqual(
      2 + Math.floor(tookMs / 10_000),
    );
  });

  it('on one Service does not hold up a lone change of another', async () => {
    await scene.defineWith('busy', ['10.0.0.1:80']);
    await scene.defineWith('lone', ['10.0.0.1:80']);
    await scene.controller.untilIdle();
    const storm = Promise.all(
      Array.from({ length: 1000 }, (_, index) =>
        scene.registrar.etcd.put('/services/busy/1', `10.0.0.1:${1 + index}`),
      ),
    );
    await scene.registrar.put({ '/services/lone/1': '10.0.0.2:80' });
    const etcdService = `${scene.namespace}/lone`;
    const lines = await eventually(() => {
      const found = scene.controller.linesWith({ msg: 'Published endpoints', etcdService });
      expect(found).toHaveLength(2);
      return found;
    });
    await storm;
    expect(lines[1]).toMatchObject({ added: 1, removed: 1 });
    expect(Number(lines[1]?.['waitedMs'])).toBeLessThan(marginMs);
  });
});

describe('the process', () => {
  it('says one line for each decision, with the same words in all', async () => {
    await scene.defineWith('spoken', ['10.0.0.1:80', 'nonsense!']);
    const etcdService = `${scene.namespace}/spoken`;
    const service = etcdService;
    const { controller } = scene;
    await controller.untilLine({ msg: 'Service created', etcdService, service, reason: 'ServiceCreated' });
    await controller.untilLine({
      msg: 'Published endpoints',
      etcdService,
      service,
      action: 'create',
      endpoints: 1,
      ready: 1,
    });
    await controller.untilLine({
      msg: 'Rejected registration',
      etcdService,
      key: '/services/spoken/2',
      reason: 'InvalidSyntax',
    });
    await eventually(() => controller.line({ msg: 'Readiness changed', etcdService, reason: 'Published' }));
    expect(controller.lines.every((line) => line['replica'] === controller.replica)).toBe(true);
    expect(controller.linesWith({ level: 'error' })).toEqual([]);
  });

  it('ends with 0 within five seconds of SIGTERM', async () => {
    const { code, tookMs } = await scene.controller.stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(5000 + marginMs);
    scene.controller.line({ msg: 'Stopped' });
    await scene.startController();
  });

  it('is ready though etcd is down, and ends as fast then', async () => {
    await scene.registry.members[0]?.stop();
    await scene.restartController();
    expect((await scene.controller.http('/readyz')).status).toBe(200);
    expect((await scene.controller.http('/healthz')).status).toBe(200);
    const { code, tookMs } = await scene.controller.stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(5000 + marginMs);
  });
});
