import { describe, expect, it, onTestFinished } from 'vitest';
import { type Credentials, startControlPlane } from '../../dev/control-plane/plane.ts';
import { servers } from '../kit/control-plane.ts';
import { installCrd } from '../kit/crd.ts';
import { type RegistryEtcd, startEtcd } from '../kit/etcd-process.ts';
import { eventually } from '../kit/eventually.ts';
import { KubeObjects } from '../kit/kube-objects.ts';
import { Registrar } from '../kit/registrar.ts';
import { Replicas, replicaOptions, termsOf } from '../kit/replicas.ts';
import { Scene } from '../kit/scene.ts';

/** The same names in both clusters, as people who install by one recipe have them. */
const installation = 'etcd-endpoints-system';

/** Creates the namespaces of a cluster, and returns the replicas of two releases in it, each of which serves a namespace of its own. */
async function twoReleases(credentials: Credentials, registry: RegistryEtcd): Promise<Replicas[]> {
  await installCrd(credentials);
  const registrar = new Registrar(registry);
  const names = ['first', 'second'];
  for (const name of [installation, ...names]) {
    await new KubeObjects(credentials, name).call('POST', '/api/v1/namespaces', { metadata: { name } });
  }
  return names.map((name) => {
    const objects = new KubeObjects(credentials, name);
    const served = replicaOptions(name, registry.endpoints, credentials.kubeconfigPath);
    const args = [
      '--leader-elect=etcd',
      '--lease-ttl=5s',
      `--own-namespace=${installation}`,
      `--release=${name}`,
    ];
    const controller = { ...served, args };
    const scene = new Scene({ registry, registrar, objects, controller });
    const replicas = new Replicas(scene, controller);
    onTestFinished(() => replicas.stop());
    return replicas;
  });
}

describe('two clusters with two releases each on one etcd', () => {
  it('have four leaders, each with its standby, in spite of equal names', async () => {
    const registry = await startEtcd();
    const other = await startControlPlane({ binaries: servers().binaries });
    onTestFinished(() => other.stop());
    const { credentials } = servers();
    const clusters = [credentials, other.credentials];
    const groups = (await Promise.all(clusters.map((each) => twoReleases(each, registry)))).flat();
    const [first] = groups;
    await first?.scene.registrar.put({ '/services/web/1': '10.0.0.1:80' });
    for (const { scene } of groups) {
      await scene.define('web');
    }

    await Promise.all(groups.map((group) => group.start()));
    const leaders = await Promise.all(groups.map((group) => group.leader()));
    const rival = await first?.start();

    await Promise.all(groups.map(({ scene }) => scene.untilPublished('web', ['10.0.0.1:80'])));
    await eventually(() =>
      rival?.line({ msg: 'Another replica leads; standing by', leader: leaders[0]?.replica }),
    );
    expect(leaders.flatMap(termsOf).filter(({ endedAt }) => endedAt === undefined)).toHaveLength(4);
    const elections = leaders.map((leader) => String(leader.line({ msg: 'Started' })['election']));
    expect(new Set(elections).size).toBe(4);
    const uid = /^\/etcd-endpoints\.io\/elections\/[0-9a-f-]{36}-(first|second)$/;
    for (const name of elections) {
      expect(name).toMatch(uid);
    }
    const keys = await first?.scene.registrar.etcd.content('/etcd-endpoints.io/elections/');
    expect(keys?.size).toBe(5);
  });
});
