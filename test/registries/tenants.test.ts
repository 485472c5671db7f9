import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { servers } from '../kit/control-plane.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { describeNeeding } from '../kit/needs.ts';
import { Registrar } from '../kit/registrar.ts';
import { type RegistryPlane, startRegistryPlane } from '../kit/registry-plane.ts';
import { proxyFor } from '../kit/rig.ts';
import type { Scene } from '../kit/scene.ts';

const LOOK = { timeoutMs: 15_000, intervalMs: 50 };

let plane: RegistryPlane;
let etcd: RegistryEtcd;
let registrar: Registrar;

beforeAll(async () => {
  [plane, etcd] = await Promise.all([startRegistryPlane(['--service-cidr=172.30.0.0/16']), startEtcd()]);
  registrar = new Registrar(etcd);
  return async () => {
    registrar.close();
    await Promise.all([plane.stop(), etcd.stop()]);
  };
}, 120_000);

let count = 0;

/** A registry of another name each time, over the etcd of this file; every namespace may publish all of it unless told. */
async function newRegistry(
  spec: Partial<Parameters<RegistryPlane['registries']['create']>[1]> = {},
): Promise<string> {
  count += 1;
  const name = `company-${count}`;
  const grants = [{ namespaces: { selector: {} }, prefixes: [''] }];
  await plane.registries.create(name, { endpoints: [...etcd.endpoints], grants, ...spec });
  return name;
}

/** Defines an EtcdService over that registry and prefix; returns how its condition Ready turns out. */
async function readyOf(
  tenant: Scene,
  name: string,
  registry: string,
  prefix: string,
  wanted: string,
): Promise<string> {
  await tenant.define(name, { registryRef: { name: registry }, prefix });
  return await tenant.untilReady(name, wanted);
}

/** The reasons of rejections, by address, in the status. */
async function rejections(tenant: Scene, name: string): Promise<readonly string[]> {
  const { rejected = [] } = (await tenant.status(name)) ?? {};
  return rejected.map(({ key, reason }: { key: string; reason: string }) => `${key} ${reason}`);
}

describe('several registries', () => {
  it('are served at once, each for those who name it, and say what is known of them', async () => {
    const other = await startEtcd();
    const otherRegistrar = new Registrar(other);
    onTestFinished(async () => {
      otherRegistrar.close();
      await other.stop();
    });
    await registrar.put({ '/two/web/1': '10.0.0.1:80' });
    await otherRegistrar.put({ '/two/web/1': '10.9.0.1:80', '/two/web/2': '10.9.0.2:80' });
    const [a, b] = [await newRegistry(), await newRegistry({ endpoints: [...other.endpoints] })];
    const tenant = await plane.newTenant();
    await tenant.define('a', { registryRef: { name: a }, prefix: '/two/web' });
    await tenant.define('b', { registryRef: { name: b }, prefix: '/two/web' });
    await tenant.untilPublished('a', ['10.0.0.1:80']);
    await tenant.untilPublished('b', ['10.9.0.1:80', '10.9.0.2:80']);
    await tenant.untilReady('b');
    expect(await tenant.condition('b', 'RegistryConnected')).toBe('True/Connected');

    await plane.registries.untilConnected(b);
    await plane.registries.untilCondition(b, 'Synced', 'True/Synced');
    const { status } = await plane.registries.get(b);
    expect(status).toMatchObject({ clusterVersion: other.version, observedGeneration: 1 });
    expect(await plane.controller.metric('etcd_endpoints_registry_keys', { registry: b })).toBe(2);
    expect(await plane.controller.metric('etcd_endpoints_registry_connected', { registry: a })).toBe(1);
    const { text } = await plane.controller.http('/healthz');
    expect(text).toContain(`registry ${a}: answers since`);
  });

  it('are added, moved and removed while others go on', async () => {
    const second = await startEtcd();
    const secondRegistrar = new Registrar(second);
    onTestFinished(async () => {
      secondRegistrar.close();
      await second.stop();
    });
    await registrar.put({ '/move/web/1': '10.0.1.1:80' });
    await secondRegistrar.put({ '/move/web/1': '10.0.1.2:80' });
    const [stays, moves] = [await newRegistry(), await newRegistry()];
    const tenant = await plane.newTenant();
    await tenant.define('stays', { registryRef: { name: stays }, prefix: '/move/web' });
    await tenant.define('moves', { registryRef: { name: moves }, prefix: '/move/web' });
    await tenant.untilPublished('moves', ['10.0.1.1:80']);
    await tenant.untilReady('stays');
    const lists = () => plane.controller.metric('etcd_endpoints_registry_lists_total', { registry: stays });
    const listed = await lists();

    await plane.registries.change(moves, { endpoints: [...second.endpoints] });
    await tenant.untilPublished('moves', ['10.0.1.2:80']);
    await plane.registries.delete(moves);
    expect(await tenant.untilReady('moves', 'False/RegistryNotFound')).toContain(moves);
    expect(await tenant.condition('moves', 'RegistryConnected')).toBe('Unknown/NoRegistry');
    expect(await tenant.published('moves')).toEqual(['10.0.1.2:80']);
    expect((await plane.controller.http('/metrics')).text).not.toContain(
      `etcd_endpoints_registry_connected{registry="${moves}"}`,
    );

    await registrar.put({ '/move/web/2': '10.0.1.3:80' });
    await tenant.untilPublished('stays', ['10.0.1.1:80', '10.0.1.3:80']);
    expect(await lists()).toBe(listed);
    expect(await tenant.condition('stays', 'RegistryConnected')).toBe('True/Connected');
  });

  it('that are silent, refuse connections or are no etcd at all delay nobody', async () => {
    const silent = await proxyFor(etcd.endpoints[0] ?? '');
    silent.blackhole();
    const dead = [
      await newRegistry({ endpoints: [`http://${silent.address}`] }),
      await newRegistry({ endpoints: ['http://127.0.0.1:1'] }),
      await newRegistry({ endpoints: [plane.own.registry.members[0]?.metricsUrl ?? ''] }),
    ];
    const alive = await newRegistry();
    const tenant = await plane.newTenant();
    for (const [index, name] of dead.entries()) {
      for (let service = 0; service < 10; service += 1) {
        await tenant.define(`dead-${index}-${service}`, { registryRef: { name }, prefix: '/alive' });
      }
    }
    await registrar.put({ '/alive/1': '10.0.2.1:80' });
    const began = performance.now();
    await tenant.define('alive', { registryRef: { name: alive }, prefix: '/alive' });
    await tenant.untilPublished('alive', ['10.0.2.1:80']);
    expect(performance.now() - began).toBeLessThan(5000);
    await Promise.all(
      dead.map((name) => plane.registries.untilCondition(name, 'Connected', 'False/Disconnected')),
    );
    await plane.registries.untilConnected(alive);

    silent.heal();
    await plane.registries.untilConnected(dead[0] ?? '');
    await tenant.untilPublished('dead-0-0', ['10.0.2.1:80']);
    expect(await tenant.published('dead-1-0')).toEqual([]);
  });

  it('put their root before what EtcdServices name, and tell zones by address', async () => {
    await registrar.put({ '/prod/rooted/web/1': '10.0.3.1:80', '/rooted/web/1': '10.0.3.2:80' });
    const name = await newRegistry({
      root: '/prod',
      grants: [{ namespaces: { selector: {} }, prefixes: ['/rooted/'] }],
      zones: [{ cidr: '10.0.3.0/24', zone: 'zone-a' }],
    });
    const tenant = await plane.newTenant();
    await tenant.define('web', { registryRef: { name }, prefix: '/rooted/web' });
    await tenant.untilPublished('web', ['10.0.3.1:80']);
    if (servers().served.discoveryV1) {
      const [slice] = await tenant.objects.list('endpointslices');
      expect(slice.endpoints).toMatchObject([{ zone: 'zone-a' }]);
    }
    expect(await readyOf(tenant, 'other', name, '/web', 'False/PrefixNotAllowed')).toContain('"/rooted/"');
  });
});

describe('a tenant', () => {
  it('may use what its namespace is granted, by name or by labels, and nothing else', async () => {
    const [named, labelled, stranger] = [
      await plane.newTenant(),
      await plane.newTenant({ team: 'shop' }),
      await plane.newTenant(),
    ];
    const name = await newRegistry({
      grants: [
        { namespaces: { names: [named.namespace] }, prefixes: ['/granted/{namespace}/'] },
        { namespaces: { selector: { matchLabels: { team: 'shop' } } }, prefixes: ['/shared'] },
      ],
    });
    await registrar.put({
      [`/granted/${named.namespace}/web/1`]: '10.0.4.1:80',
      '/shared/1': '10.0.4.2:80',
    });
    await readyOf(named, 'web', name, `/granted/${named.namespace}/web`, 'True/Published');
    await readyOf(labelled, 'web', name, '/shared', 'True/Published');
    expect(await named.published('web')).toEqual(['10.0.4.1:80']);
    expect(await labelled.published('web')).toEqual(['10.0.4.2:80']);

    const outside = await readyOf(named, 'outside', name, '/shared', 'False/PrefixNotAllowed');
    expect(outside).toContain(`"/granted/${named.namespace}/"`);
    const ungranted = await readyOf(stranger, 'web', name, '/shared', 'False/RegistryNotGranted');
    expect(ungranted).toBe(`EtcdRegistry ${name} has no grant for namespace ${stranger.namespace}`);
    expect(await stranger.condition('web', 'RegistryConnected')).toBe('Unknown/NoRegistry');
    expect(await stranger.objects.get('services', 'web')).toBeUndefined();
  });

  it('gains and loses a grant with its label: then what stands stays, and nothing new is published', async () => {
    const tenant = await plane.newTenant();
    const name = await newRegistry({
      grants: [{ namespaces: { selector: { matchLabels: { stage: 'prod' } } }, prefixes: ['/label'] }],
    });
    await registrar.put({ '/label/1': '10.0.5.1:80' });
    await readyOf(tenant, 'web', name, '/label', 'False/RegistryNotGranted');
    const relabel = async (labels: object): Promise<void> => {
      const path = `/api/v1/namespaces/${tenant.namespace}`;
      await eventually(async () => {
        const { json } = await tenant.objects.call('GET', path);
        const { status } = await tenant.objects.call('PUT', path, {
          ...json,
          metadata: { ...json.metadata, labels },
        });
        expect(status).toBe(200);
      });
    };
    await relabel({ stage: 'prod' });
    await tenant.untilReady('web');
    expect(await tenant.published('web')).toEqual(['10.0.5.1:80']);
    await relabel({});
    await tenant.untilReady('web', 'False/RegistryNotGranted');
    await registrar.put({ '/label/1': '10.0.5.2:80' });
    await plane.controller.untilIdle();
    expect(await tenant.published('web')).toEqual(['10.0.5.1:80']);
  });

  it('without any grant in the registry has to be the namespace of the controller', async () => {
    count += 1;
    const name = `ungranted-${count}`;
    await plane.registries.create(name, { endpoints: [...etcd.endpoints] });
    await registrar.put({ '/own/1': '10.0.6.1:80' });
    await readyOf(plane.own, 'own', name, '/own', 'True/Published');
    const tenant = await plane.newTenant();
    await readyOf(tenant, 'web', name, '/own', 'False/RegistryNotGranted');
  });

  it('may not name a registry that does not exist, nor none where the controller has none of its own', async () => {
    const tenant = await plane.newTenant();
    expect(await readyOf(tenant, 'web', 'absent', '/x', 'False/RegistryNotFound')).toBe(
      'There is no EtcdRegistry absent',
    );
    await tenant.define('none', { prefix: '/x' });
    expect(await tenant.untilReady('none', 'False/RegistryNotFound')).toContain('--etcd');
  });
});

describeNeeding('server >= 1.25', 'the name default', () => {
  it('is refused for an EtcdRegistry and in a registryRef', async () => {
    const tenant = await plane.newTenant();
    await expect(tenant.define('other', { registryRef: { name: 'default' } })).rejects.toThrow(
      /must not be default/,
    );
    await expect(plane.registries.create('default', { endpoints: [...etcd.endpoints] })).rejects.toThrow(
      /must not be default/,
    );
  });
});

describe('an address', () => {
  it('outside the ranges of the grant is rejected, and published when the grant widens', async () => {
    const tenant = await plane.newTenant();
    const grant = { namespaces: { names: [tenant.namespace] }, prefixes: ['/cidr'] };
    const name = await newRegistry({ grants: [{ ...grant, cidrs: ['10.0.7.0/24'] }] });
    await registrar.put({ '/cidr/1': '10.0.7.1:80', '/cidr/2': '10.0.8.1:80' });
    await tenant.define('web', { registryRef: { name }, prefix: '/cidr' });
    await tenant.untilPublished('web', ['10.0.7.1:80']);
    await tenant.untilCounted('web', { rejected: 1, ready: 1 });
    expect(await rejections(tenant, 'web')).toEqual(['/cidr/2 AddressNotGranted']);

    await plane.registries.change(name, { grants: [{ ...grant, cidrs: ['10.0.7.0/24', '10.0.8.0/24'] }] });
    await tenant.untilPublished('web', ['10.0.7.1:80', '10.0.8.1:80']);
    await plane.registries.change(name, { grants: [{ ...grant, cidrs: ['10.0.8.0/24'] }] });
    await tenant.untilPublished('web', ['10.0.8.1:80']);
  });

  it('of a Service is rejected: of the ranges that the cluster or the options name, and of any Service that there is', async () => {
    const tenant = await plane.newTenant();
    const name = await newRegistry();
    const service = await tenant.objects.create('services', 'victim', { spec: { ports: [{ port: 80 }] } });
    await registrar.put({
      '/vip/1': '10.0.9.1:80',
      '/vip/2': `${service.spec.clusterIP}:80`,
      '/vip/3': '172.30.1.1:80',
      '/vip/4': '127.0.0.1:80',
    });
    await tenant.define('web', { registryRef: { name }, prefix: '/vip' });
    await tenant.untilPublished('web', ['10.0.9.1:80']);
    await tenant.untilCounted('web', { rejected: 3, ready: 1 });
    expect(await rejections(tenant, 'web')).toEqual([
      '/vip/2 InServiceRange',
      '/vip/3 InServiceRange',
      '/vip/4 InvalidAddress',
    ]);
    await plane.registries.untilCondition(name, 'ServiceRangesKnown', 'True/RangesKnown');
  });

  it('that turns into one of a Service leaves nothing behind', async () => {
    const tenant = await plane.newTenant();
    const name = await newRegistry();
    await registrar.put({ '/turn/1': '10.0.10.1:80', '/turn/2': '10.0.10.2:80' });
    await tenant.define('web', { registryRef: { name }, prefix: '/turn' });
    await tenant.untilPublished('web', ['10.0.10.1:80', '10.0.10.2:80']);
    await registrar.put({ '/turn/2': '172.30.1.2:80' });
    await tenant.untilPublished('web', ['10.0.10.1:80']);
  });
});

describe('the status of registries', () => {
  it('is not written while nothing but etcd changes', async () => {
    const name = await newRegistry();
    await plane.registries.untilConnected(name);
    await plane.registries.untilCondition(name, 'Synced', 'True/Synced');
    const version = async (): Promise<string> => (await plane.registries.get(name)).metadata.resourceVersion;
    const before = await version();
    const looked = () =>
      plane.controller.metric('controller_runtime_reconcile_total', { controller: 'etcdregistry' });
    const looks = await looked();
    await registrar.put({ '/unrelated/1': 'x', '/unrelated/2': 'y' });
    // Every registry is looked at within ten seconds.
    await eventually(async () => expect(await looked()).toBeGreaterThan(looks + count), {
      ...LOOK,
      timeoutMs: 30_000,
    });
    expect(await version()).toBe(before);
  });
});

describe('the guard of a registry', () => {
  it('holds what vanishes there by its own limits, and nothing of another registry', async () => {
    const guard = { maxRemovalPercent: 20, ignoreBelow: 2 };
    const [guarded, free] = [await newRegistry({ guard }), await newRegistry({ guard: { enabled: false } })];
    const tenant = await plane.newTenant();
    const instances = [1, 2, 3, 4];
    await registrar.put(Object.fromEntries(instances.map((n) => [`/guard/${n}`, `10.0.11.${n}:80`])));
    const all = instances.map((n) => `10.0.11.${n}:80`);
    await tenant.define('guarded', { registryRef: { name: guarded }, prefix: '/guard' });
    await tenant.define('free', { registryRef: { name: free }, prefix: '/guard' });
    await tenant.untilPublished('guarded', all);
    await tenant.untilPublished('free', all);
    await tenant.untilReady('guarded');
    await registrar.etcd.deletePrefix('/guard/');
    await tenant.untilPublished('free', []);
    await eventually(
      async () => expect(await tenant.condition('guarded', 'RemovalHeld')).toBe('True/HeldByRegistryGuard'),
      LOOK,
    );
    expect(await tenant.published('guarded')).toEqual(all);
    expect(await tenant.condition('free', 'RemovalHeld')).toBe('False/NothingHeld');
  });
});

describe('a controller that restarts', () => {
  it('writes nothing where nothing has changed, not even to a registry whose Secrets it has to list first', async () => {
    const name = await newRegistry({ userSecretRef: { name: 'unused' } });
    await plane.registries.createSecret('unused', name, { username: 'nobody', password: 'nothing' });
    await registrar.put({ '/restart/1': '10.0.12.1:80' });
    const tenant = await plane.newTenant();
    await readyOf(tenant, 'web', name, '/restart', 'True/Published');
    await plane.registries.untilConnected(name);
    await plane.registries.untilCondition(name, 'Synced', 'True/Synced');
    await eventually(
      async () => expect(await tenant.condition('web', 'RegistryConnected')).toBe('True/Connected'),
      LOOK,
    );
    await plane.controller.untilIdle();
    const versions = async () => ({
      registry: (await plane.registries.get(name)).metadata.resourceVersion,
      published: await tenant.versions(),
    });
    const before = await versions();
    await plane.restartController();
    await eventually(
      async () =>
        expect(await plane.controller.metric('etcd_endpoints_registry_keys', { registry: name })).toBe(1),
      LOOK,
    );
    await plane.controller.untilIdle();
    expect(await versions()).toEqual(before);
  });
});

describe('a controller that is stopped', () => {
  it('ends in good order with all its registries', async () => {
    const { code, tookMs } = await plane.controller.stop();
    expect(code).toBe(0);
    expect(tookMs).toBeLessThan(5000);
  });
});
