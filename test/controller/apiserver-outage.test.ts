import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { writesOf } from '../kit/audit.ts';
import { servers } from '../kit/control-plane.ts';
import { installCrd } from '../kit/crd.ts';
import { startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { createNamespace } from '../kit/namespace.ts';
import { Registrar } from '../kit/registrar.ts';
import { Scene } from '../kit/scene.ts';
import { startTcpProxy, type TcpProxy } from '../kit/tcp-proxy.ts';

let scene: Scene;
let proxy: TcpProxy;

beforeAll(async () => {
  await installCrd();
  const { credentials } = servers();
  proxy = await startTcpProxy(Number(new URL(credentials.server).port));
  const directory = await mkdtemp(join(tmpdir(), 'etcd-endpoints-proxied-'));
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, credentials.kubeconfig.replace(credentials.server, `https://${proxy.address}`));
  const [registry, { name }] = await Promise.all([startEtcd(), createNamespace('proxied')]);
  scene = new Scene({
    registry,
    registrar: new Registrar(registry),
    objects: new KubeObjects(credentials, name),
    controller: { etcd: registry.endpoints, kubeconfig, namespaces: [name] },
  });
  await scene.startController();
  return async () => {
    await scene.stop();
    await proxy.close();
    await rm(directory, { recursive: true });
  };
});

afterEach(() => proxy.heal());

function reset(): void {
  proxy.refuse();
  proxy.cut();
}

describe('an apiserver that cannot be reached', () => {
  it.each([
    ['resets every connection', reset],
    ['takes what it is sent and does not answer', () => proxy.blackhole()],
  ])('and %s gets what has changed meanwhile when it is back', async (how, breakIt) => {
    const name = how.replaceAll(/[^a-z]+/g, '-').slice(0, 20);
    await scene.defineWith(name, ['10.0.0.1:80']);
    await scene.controller.untilIdle();
    const before = (await writesOf(scene.controller)).length;

    breakIt();
    await scene.registrar.put({ [`/services/${name}/1`]: '10.0.0.2:80' });
    await scene.registrar.put({ [`/services/${name}/2`]: '10.0.0.3:80' });
    await eventually(async () =>
      expect(
        await scene.controller.metric('etcd_endpoints_oldest_unpublished_change_seconds'),
      ).toBeGreaterThan(0.5),
    );
    expect((await scene.controller.http('/readyz')).status).toBe(200);
    expect(await scene.published(name)).toEqual(['10.0.0.1:80']);

    proxy.heal();
    await eventually(
      async () => expect(await scene.published(name)).toEqual(['10.0.0.2:80', '10.0.0.3:80']),
      {
        timeoutMs: 40_000,
        intervalMs: 100,
      },
    );
    await eventually(async () =>
      expect(await scene.controller.metric('etcd_endpoints_oldest_unpublished_change_seconds')).toBe(0),
    );
    const writes = (await writesOf(scene.controller)).slice(before);
    expect(writes.filter(({ resource }) => resource === 'services')).toEqual([]);
    expect(
      writes.filter(({ resource, code }) => resource === 'endpoints' && code === 200).length,
    ).toBeLessThanOrEqual(2);
    expect(scene.controller.running).toBe(true);
  });

  it('is noticed by its watches: what was changed there meanwhile is seen', async () => {
    await scene.defineWith('drifting', ['10.0.0.1:80']);
    reset();
    await scene.objects.change('endpoints', 'drifting', ({ subsets }) => {
      subsets[0].addresses = [{ ip: '192.0.2.1' }];
    });
    await scene.define('born-meanwhile');
    proxy.heal();
    await eventually(async () => expect(await scene.published('drifting')).toEqual(['10.0.0.1:80']), {
      timeoutMs: 40_000,
      intervalMs: 100,
    });
    await scene.untilReady('born-meanwhile');
  });
});
