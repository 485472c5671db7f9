import { rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { servers } from '../kit/control-plane.ts';
import { eventually } from '../kit/eventually.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type Scene, startScene } from '../kit/scene.ts';
import { startTcpProxy, type TcpProxy } from '../kit/tcp-proxy.ts';

const SERVICES = 100;
const INSTANCES = 3;
const names = Array.from({ length: SERVICES }, (_, index) => `svc-${index}`);

/** What the controller costs its servers, in numbers that do not hang on how fast the machine is: `npm run bench` measures times. */
describeNeeding('discovery.k8s.io/v1', `a controller of ${SERVICES} EtcdServices`, () => {
  let scene: Scene;
  let etcd: TcpProxy;
  let apiserver: TcpProxy;

  beforeAll(async () => {
    const { credentials } = servers();
    apiserver = await startTcpProxy(Number(new URL(credentials.server).port));
    const kubeconfig = join(tmpdir(), `costs-${apiserver.port}`);
    const behindProxy = credentials.kubeconfig.replaceAll(credentials.server, `https://${apiserver.address}`);
    await writeFile(kubeconfig, behindProxy, { mode: 0o600 });
    scene = await startScene({
      controller: async ({ endpoints }) => {
        etcd = await startTcpProxy(Number(new URL(endpoints[0] ?? '').port));
        return { etcd: [`http://${etcd.address}`], kubeconfig };
      },
    });
    return async () => {
      await scene.stop();
      await Promise.all([etcd.close(), apiserver.close(), rm(kubeconfig)]);
    };
  });

  it('fills all for the first time with one write of each object, one list of each range and few connections', async () => {
    let before = [0, 0];
    await scene.restartController(async () => {
      for (const name of names) {
        await scene.registrar.etcd.commit(registrationsOf(name));
        await scene.define(name);
      }
      before = [etcd.opened, apiserver.opened];
    });
    await untilPublished(SERVICES * INSTANCES);

    expect(await requests('create', 'endpointslices')).toBe(SERVICES);
    expect(await requests('create', 'endpoints')).toBe(SERVICES);
    expect(await requests('patch', 'services')).toBe(SERVICES);
    for (const plural of ['endpointslices', 'endpoints', 'services']) {
      expect(await requests('update', plural)).toBe(0);
      expect(await requests('delete', plural)).toBe(0);
    }
    expect(await requests('update', 'etcdservices')).toBeLessThanOrEqual(2 * SERVICES);
    expect(await scene.controller.metric('etcd_endpoints_registry_lists_total')).toBe(SERVICES);
    const [toEtcd = 0, toApiserver = 0] = before;
    expect(etcd.opened - toEtcd).toBeLessThanOrEqual(4);
    // 64 for calls, and one for each watch.
    expect(apiserver.opened - toApiserver).toBeLessThanOrEqual(64 + 16);
  });

  it('brings a change to Kubernetes in one run, with one write of each object that holds it, and no read', async () => {
    await untilPublished(SERVICES * INSTANCES);
    const before = await requestsByName();
    const runsBefore = await runs();
    await scene.registrar.put({ '/services/svc-7/0': '10.0.9.9:80' });
    await scene.untilInSlices('svc-7', ['10.0.0.2:80', '10.0.0.3:80', '10.0.9.9:80']);
    await scene.untilPublished('svc-7', ['10.0.0.2:80', '10.0.0.3:80', '10.0.9.9:80']);
    await scene.controller.untilIdle();
    expect((await runs()) - runsBefore).toBe(1);
    const after = await requestsByName();
    const made = Object.fromEntries(
      Object.entries(after).map(([name, count]) => [name, count - (before[name] ?? 0)]),
    );
    expect(made).toMatchObject({ 'update endpointslices': 1, 'update endpoints': 1 });
    for (const [name, count] of Object.entries(made)) {
      expect(count, name).toBe(name === 'update endpointslices' || name === 'update endpoints' ? 1 : 0);
    }
  });

  it('brings a storm within one Service to Kubernetes by at most ten writes a second of each object', async () => {
    const before = await requests('update', 'endpointslices');
    const started = performance.now();
    for (let round = 1; round <= 200; round += 1) {
      await scene.registrar.etcd.commit(registrationsOf('svc-8', round));
    }
    await scene.untilInSlices('svc-8', [...registrationsOf('svc-8', 200).values()]);
    const seconds = (performance.now() - started) / 1000;
    expect((await requests('update', 'endpointslices')) - before).toBeLessThanOrEqual(10 * seconds + 1);
  });

  /** Instances of a service; another round has other addresses. */
  function registrationsOf(name: string, round = 0): ReadonlyMap<string, string> {
    return new Map(
      Array.from({ length: INSTANCES }, (_, n) => [`/services/${name}/${n}`, `10.0.${round}.${n + 1}:80`]),
    );
  }

  /** Returns once so many endpoints are published, every status says so, and nothing is left to do. */
  async function untilPublished(endpoints: number): Promise<void> {
    await eventually(
      async () => {
        expect(await scene.controller.metric('etcd_endpoints_endpoints')).toBe(endpoints);
        const objects = await scene.objects.list('etcdservices');
        expect(objects.filter(({ status }) => status?.summary !== `${INSTANCES}/${INSTANCES}`)).toEqual([]);
      },
      { timeoutMs: 60_000, intervalMs: 200 },
    );
    await scene.controller.untilIdle();
  }

  /** How often an EtcdService was to be looked at. */
  function runs(): Promise<number> {
    return scene.controller.metric('workqueue_adds_total', { name: 'etcdservice' });
  }

  function requests(verb: string, resource: string): Promise<number> {
    return scene.controller.metric('etcd_endpoints_kube_requests_total', { verb, resource });
  }

  /** Requests of the kinds that a change may cost, as `update endpoints`. */
  async function requestsByName(): Promise<Readonly<Record<string, number>>> {
    const verbs = ['get', 'list', 'create', 'update', 'patch', 'delete'];
    const resources = ['endpointslices', 'endpoints', 'services', 'etcdservices'];
    const all = verbs.flatMap((verb) => resources.map((resource) => ({ verb, resource })));
    return Object.fromEntries(
      await Promise.all(
        all.map(
          async ({ verb, resource }): Promise<[string, number]> => [
            `${verb} ${resource}`,
            await requests(verb, resource),
          ],
        ),
      ),
    );
  }
});
