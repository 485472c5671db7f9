import { beforeAll, describe, expect, it } from 'vitest';
import { auditOf } from '../kit/audit.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { type RegistryPlane, startRegistryPlane } from '../kit/registry-plane.ts';
import type { Scene } from '../kit/scene.ts';

let plane: RegistryPlane;
/** Asks for a user. */
let guarded: RegistryEtcd;
let tenant: Scene;

beforeAll(async () => {
  const users = [{ name: 'reader', password: 'secret', prefix: '/services/', access: 'read' }] as const;
  [plane, guarded] = await Promise.all([
    startRegistryPlane(),
    startEtcd({ auth: { rootPassword: 'root-secret', users: [...users] } }),
  ]);
  tenant = await plane.newTenant({ team: 'shop' });
  return async () => {
    await Promise.all([plane.stop(), guarded.stop()]);
  };
}, 120_000);

/** One of every kind that a start has to find as it was: with a user, by labels, with zones, and two that cannot be used. */
async function defineEveryKind(): Promise<void> {
  const { registries, own } = plane;
  const byLabels = { namespaces: { selector: { matchLabels: { team: 'shop' } } }, prefixes: ['/services/'] };
  const endpoints = [...own.registry.endpoints];
  await registries.createSecret('company', 'company', { username: 'reader', password: 'secret' });
  await registries.create('company', {
    endpoints: [...guarded.endpoints],
    userSecretRef: { name: 'company' },
    grants: [byLabels],
  });
  await registries.create('open', {
    endpoints,
    root: '/prod',
    grants: [{ ...byLabels, prefixes: ['/'], cidrs: ['10.0.0.0/8'] }],
    zones: [{ cidr: '10.0.0.0/8', zone: 'a' }],
  });
  await registries.create('keyless', { endpoints, userSecretRef: { name: 'absent' } });

  await guarded.etcdctl(['put', '/services/user/1', '10.0.0.1:80']);
  await own.registrar.put({
    '/prod/services/open/1': '10.0.0.2:80',
    '/prod/services/open/2': '192.0.2.1:80',
  });
  await tenant.define('user', { registryRef: { name: 'company' } });
  await tenant.define('open', { registryRef: { name: 'open' } });
  await tenant.define('outside', { registryRef: { name: 'company' }, prefix: '/other' });
  await tenant.define('keyless', { registryRef: { name: 'keyless' } });
}

/** A registration that is rejected is named in an Event again by each process that sees it. */
const isOfRejection = /^create events open\./;

async function untilTold(): Promise<void> {
  const { registries, controller } = plane;
  await tenant.untilPublished('user', ['10.0.0.1:80']);
  await tenant.untilPublished('open', ['10.0.0.2:80']);
  await Promise.all([
    tenant.untilReady('user'),
    tenant.untilReady('open'),
    tenant.untilReady('outside', 'False/PrefixNotAllowed'),
    tenant.untilReady('keyless', 'False/RegistryNotGranted'),
    registries.untilConnected('company'),
    registries.untilConnected('open'),
    registries.untilCondition('company', 'Synced', 'True/Synced'),
    registries.untilCondition('open', 'Synced', 'True/Synced'),
    registries.untilCondition('keyless', 'Connected', 'False/SecretNotFound'),
  ]);
  await controller.untilIdle();
}

describe('EtcdRegistries and what is published of them', () => {
  it('are left as they are by a controller that starts again, and no trouble is told twice', async () => {
    await defineEveryKind();
    await untilTold();
    const before = await tenant.versions();
    await plane.restartController();
    const { controller } = plane;
    await eventually(
      async () => {
        expect(await controller.metric('etcd_endpoints_endpoints')).toBe(2);
        expect(await controller.metric('etcd_endpoints_registry_lists_total')).toBeGreaterThanOrEqual(2);
        const looks = { controller: 'etcdregistry' };
        expect(await controller.metric('controller_runtime_reconcile_total', looks)).toBeGreaterThanOrEqual(
          6,
        );
      },
      { timeoutMs: 60_000, intervalMs: 100 },
    );
    await controller.untilIdle();
    const written = async (): Promise<readonly string[]> =>
      (await auditOf(controller, plane.auditLog))
        .map(({ verb, resource, name }) => `${verb} ${resource} ${name}`)
        .filter((write) => !isOfRejection.test(write));
    expect(await written()).toEqual([]);
    expect(await tenant.versions()).toEqual(before);

    // Not because it is asleep.
    await plane.own.registrar.put({ '/prod/services/open/3': '10.0.0.3:80' });
    await tenant.untilPublished('open', ['10.0.0.2:80', '10.0.0.3:80']);
    await eventually(async () => expect(await written()).toContain('update endpoints open'));
  });
});
