import { describe, expect, it } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { overlaps, setReplicas, termsOf } from '../kit/replicas.ts';

describe('--leader-elect=kubernetes', () => {
  it('elects one of two replicas whose user may only read etcd, and hands over on SIGTERM', async () => {
    const users = [{ name: 'reader', password: 'secret', prefix: '/services/', access: 'read' as const }];
    const replicas = await setReplicas({
      etcd: { auth: { rootPassword: 'root', users } },
      elect: 'kubernetes',
      args: ['--etcd-user=reader'],
      env: { ETCD_ENDPOINTS_ETCD_PASSWORD: 'secret' },
    });
    const { scene } = replicas;
    const { etcd } = scene.registrar;
    await etcd.logIn('root', 'root');
    await etcd.put('/services/web/1', '10.0.0.1:80');
    await scene.define('web');
    await replicas.startMany(2);
    const first = await replicas.leader();
    await scene.untilPublished('web', ['10.0.0.1:80']);
    const [standby] = replicas.standbys;
    const lease = await scene.objects.get('leases', 'etcd-endpoints');
    expect(lease.spec.holderIdentity).toContain(first.replica);
    await eventually(async () =>
      expect((await standby?.http('/healthz'))?.text).toContain(`leader: ${first.replica}`),
    );

    const stoppedAt = Date.now();
    const exit = await first.stop();
    await etcd.put('/services/web/2', '10.0.0.2:80');
    const second = await replicas.leader();
    await scene.untilPublished('web', ['10.0.0.1:80', '10.0.0.2:80']);

    expect(exit).toMatchObject({ code: 0, signal: null });
    console.log(`Hand-over of a Lease on SIGTERM: ${(termsOf(second)[0]?.beganAt ?? 0) - stoppedAt} ms`);
    expect(second).toBe(standby);
    expect(overlaps(await replicas.writes())).toEqual([]);
    const writers = (await replicas.writes()).filter(({ resource }) => resource !== 'leases');
    expect(new Set(writers.map(({ term }) => term)).has(0)).toBe(false);
  });
});
