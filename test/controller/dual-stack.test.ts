import { beforeAll, describe, expect, it } from 'vitest';
import { installCrd } from '../kit/crd.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import { addressesIn, type Scene, startScene } from '../kit/scene.ts';

const v4 = '10.0.0.1:8080';
const v6 = '[fd00::1]:8080';

/** What slices hold, by the family that they are of. */
async function byFamily(scene: Scene, name: string): Promise<Readonly<Record<string, readonly string[]>>> {
  const slices = await scene.slices(name);
  return Object.fromEntries(
    slices
      .filter(({ endpoints }) => endpoints?.length > 0)
      .map((slice) => [slice.addressType, addressesIn(slice)]),
  );
}

async function familiesOf(scene: Scene, name: string): Promise<AnyObject> {
  const { spec } = await scene.objects.get('services', name);
  return { policy: spec.ipFamilyPolicy, families: spec.ipFamilies };
}

describeNeeding('discovery.k8s.io/v1', 'on a cluster with two families of addresses', () => {
  let own: OwnPlane;
  let scene: Scene;

  beforeAll(async () => {
    own = await startOwnPlane({
      apiServerFlags: { 'service-cluster-ip-range': '10.96.0.0/12,fd00:10:96::/108' },
    });
    ({ scene } = own);
    await installCrd(own.plane.credentials);
    await scene.startController();
    return () => own.stop();
  });

  it('a dual-stack Service gets slices of each family, and Endpoints of its first', async () => {
    await scene.defineWith('both', [v4, v6], {
      service: { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] },
    });
    expect(await familiesOf(scene, 'both')).toEqual({
      policy: 'RequireDualStack',
      families: ['IPv6', 'IPv4'],
    });
    await eventually(async () => expect(await byFamily(scene, 'both')).toEqual({ IPv4: [v4], IPv6: [v6] }));
    await scene.untilPublished('both', [v6]);
    await scene.untilCounted('both', { ready: 2, rejected: 0 });
  });

  it('an address of a family that the Service lacks is rejected by name, until it has the family', async () => {
    await scene.defineWith('grown', [v4, v6]);
    await scene.untilInSlices('grown', [v4]);
    await scene.untilCounted('grown', { keys: 2, ready: 1, rejected: 1 });
    expect((await scene.status('grown')).rejected).toEqual([
      {
        key: '/services/grown/2',
        reason: 'FamilyNotServed',
        message: 'fd00::1 is an IPv6 address, but the Service has IPv4 alone',
      },
    ]);
    await scene.untilEvent('grown', 'Warning RegistrationsRejected 1 registration rejected');
    await scene.controller.untilLine({ key: '/services/grown/2', reason: 'FamilyNotServed' });

    await scene.redefine('grown', { service: { ipFamilyPolicy: 'PreferDualStack' } });
    await scene.untilInSlices('grown', [v4, v6]);
    await scene.untilCounted('grown', { ready: 2, rejected: 0 });

    await scene.redefine('grown', { service: { ipFamilyPolicy: 'SingleStack' } });
    await scene.untilInSlices('grown', [v4]);
    await scene.untilCounted('grown', { ready: 1, rejected: 1 });
  });

  it('an instance that moves to such an address leaves the old one at once', async () => {
    await scene.defineWith('moved', ['10.0.0.1:80', '10.0.0.2:80']);
    await scene.registrar.put({ '/services/moved/1': '[fd00::1]:80' });
    await scene.untilInSlices('moved', ['10.0.0.2:80']);
    await scene.untilPublished('moved', ['10.0.0.2:80']);
  });

  it('a Service of somebody else is filled in the families that it has', async () => {
    await scene.objects.create('services', 'foreign', {
      spec: { ipFamilies: ['IPv6'], ports: [{ port: 80 }] },
    });
    await scene.defineWith('foreign', [v4, v6], { service: { creationPolicy: 'Never' } });
    await scene.untilInSlices('foreign', [v6]);
    await scene.untilPublished('foreign', [v6]);
    expect((await scene.status('foreign')).rejected[0].message).toBe(
      '10.0.0.1 is an IPv4 address, but the Service has IPv6 alone',
    );
  });

  it('a headless Service has both families unless it is asked for one', async () => {
    await scene.defineWith('headless', [v4, v6], { service: { type: 'Headless' } });
    await scene.untilInSlices('headless', [v4, v6]);
    await scene.defineWith('single', [v4, v6], {
      service: { type: 'Headless', ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv6'] },
    });
    await scene.untilInSlices('single', [v6]);
  });

  it('another first family than the Service has is refused with the reason, and what is published stays', async () => {
    await scene.defineWith('fixed', [v4]);
    await scene.redefine('fixed', { service: { ipFamilies: ['IPv6'] } });
    const message = await scene.untilReady('fixed', 'False/InvalidSpec');
    expect(message).toBe(
      `spec.service.ipFamilies cannot begin with IPv6: the first family of Service ${scene.namespace}/fixed is IPv4; delete the EtcdService and create it again instead`,
    );
    await scene.untilInSlices('fixed', [v4]);
    await scene.redefine('fixed', { service: { ipFamilies: ['IPv4'] } });
    await scene.untilReady('fixed');
  });

  it('families that nobody asks for any more stay as they are', async () => {
    await scene.defineWith('left', [v4, v6], {
      service: { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6', 'IPv4'] },
    });
    await scene.redefine('left', { service: {} });
    await scene.untilReady('left');
    expect(await familiesOf(scene, 'left')).toMatchObject({ families: ['IPv6', 'IPv4'] });
    await scene.untilInSlices('left', [v4, v6]);
  });

  it('nothing is written when the controller starts again', async () => {
    // Counts are written when there is time for it.
    await scene.untilCounted('moved', { ready: 1, rejected: 1 });
    await scene.controller.untilIdle();
    const before = await scene.versions();
    await scene.restartController();
    await eventually(async () =>
      expect(await scene.controller.metric('etcd_endpoints_endpoints')).toBeGreaterThan(10),
    );
    await scene.controller.untilIdle();
    expect(await scene.versions()).toEqual(before);
  });
});

describe('on a cluster with one family of addresses', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await startScene();
    return () => scene.stop();
  });

  it('PreferDualStack is applied once, and means the one family', async () => {
    await scene.defineWith('prefers', [v4, v6], { service: { ipFamilyPolicy: 'PreferDualStack' } });
    await scene.untilPublished('prefers', [v4]);
    await scene.untilCounted('prefers', { ready: 1, rejected: 1 });
    await scene.controller.untilIdle();
    const before = await scene.versions();
    await scene.registrar.put({ '/services/prefers/1': '10.0.0.2:80' });
    await scene.untilPublished('prefers', ['10.0.0.2:80']);
    const service = `services prefers`;
    expect((await scene.versions()).get(service)).toBe(before.get(service));
  });

  it('a family that the cluster lacks is refused with the reason', async () => {
    await scene.define('lacking', { service: { ipFamilies: ['IPv6'] } });
    const ready = await eventually(async () => {
      const found = await scene.condition('lacking', 'Ready');
      expect(found).toMatch(/^False/);
      return found;
    });
    // A server from before dual-stack makes the Service, without the family.
    expect(['False/WriteFailed', 'False/InvalidSpec']).toContain(ready);
    expect(await scene.untilReady('lacking', ready)).toContain('ipFamilies');
  });
});
