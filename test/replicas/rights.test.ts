import { describe, expect, it, onTestFinished } from 'vitest';
import { leaseRights, ownNamespaceRights, type Rule, serviceRights } from '../../src/kube/rights.ts';
import { servers } from '../kit/control-plane.ts';
import type { ControllerProcess } from '../kit/controller-process.ts';
import { eventually } from '../kit/eventually.ts';
import { type Replicas, type ReplicasOptions, setReplicas } from '../kit/replicas.ts';
import { ServiceAccount } from '../kit/service-account.ts';

interface Rig {
  readonly replicas: Replicas;
  readonly replica: ControllerProcess;
  /** From now on the replica may do this, and nothing else. */
  grant(grants: readonly Rule[]): Promise<void>;
}

/** A replica whose user may do no more than this, in a namespace with one EtcdService that has one instance. */
async function startWith(grants: readonly Rule[], options: ReplicasOptions): Promise<Rig> {
  const replicas = await setReplicas(options);
  const { scene } = replicas;
  const account = await ServiceAccount.create(scene.objects, servers().credentials);
  onTestFinished(() => account.remove());
  await account.grant(scene.objects, grants);
  await scene.registrar.put({ '/services/web/1': '10.0.0.1:80' });
  await scene.define('web');
  const replica = await replicas.start({ kubeconfig: account.kubeconfigPath });
  return { replicas, replica, grant: (those) => account.grant(scene.objects, those) };
}

describe('a replica that may not read its own namespace', () => {
  it('says that its election is not open, and leads as soon as it may', async () => {
    const { replicas, replica, grant } = await startWith(serviceRights, {});
    const { scene } = replicas;
    await eventually(async () => {
      const { status, text } = await replica.http('/healthz');
      expect(status).toBe(200);
      expect(text).toContain(`election: not open: the own namespace ${scene.namespace} cannot be read: `);
      expect(text).toContain('grant verb "get" on "namespaces"');
    });
    expect(await replica.metric('etcd_endpoints_election_open')).toBe(0);

    await grant([...serviceRights, ...ownNamespaceRights]);

    await replicas.leader();
    await scene.untilPublished('web', ['10.0.0.1:80']);
    expect((await replica.http('/healthz')).text).not.toContain('not open');
    expect(await replica.metric('etcd_endpoints_election_open')).toBe(1);
  });

  it.each<[string, readonly Rule[], ReplicasOptions]>([
    ['the name of its election is given', [], { args: ['--election-name=/elections/named'] }],
    ['it is elected by a Lease', leaseRights('etcd-endpoints'), { elect: 'kubernetes' }],
  ])('leads, and tells of its term, where %s', async (_, more, options) => {
    const { replicas } = await startWith([...serviceRights, ...more], options);
    const { scene } = replicas;
    await replicas.leader();
    await scene.untilPublished('web', ['10.0.0.1:80']);
    await eventually(async () => {
      const events = await scene.objects.list('events');
      const about = events.find(({ reason }) => reason === 'TermBegan')?.involvedObject;
      expect(about).toMatchObject({ kind: 'Namespace', name: scene.namespace });
    });
  });
});
