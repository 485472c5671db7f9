import { expect, it } from 'vitest';
import type { Explanation } from '../../src/explain/types.ts';
import { command } from '../cli/command.ts';
import type { ControllerProcess } from '../kit/controller-process.ts';
import { eventually } from '../kit/eventually.ts';
import { setReplicas, succession } from '../kit/replicas.ts';

function explain(replica: ControllerProcess, namespace: string, ...args: readonly string[]) {
  const { address } = replica.line({ msg: 'Answering explain' }) as {
    address?: { host: string; port: number };
  };
  const where = `--explain-address=${address?.host}:${address?.port}`;
  return command(['explain', '-n', namespace, 'web', where, ...args]);
}

it('explain says on a standby which replica leads, and on the next leader why an address left before its term', async () => {
  const replicas = await setReplicas();
  const { scene } = replicas;
  await scene.registrar.put({ '/services/web/1': '10.0.0.1:80', '/services/web/2': '10.0.0.2:80' });
  await scene.define('web');
  await replicas.startMany(2);
  const leader = await replicas.leader();
  await scene.untilPublished('web', ['10.0.0.1:80', '10.0.0.2:80']);
  const [standby] = replicas.standbys;
  if (standby === undefined) {
    expect.unreachable('nobody stands by');
  }

  expect((await explain(leader, scene.namespace)).code).toBe(0);
  const refused = await explain(standby, scene.namespace);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toContain(`Replica ${standby.replica} stands by; ${leader.replica} leads`);

  // It must have seen the key to see it go.
  await eventually(async () => expect(await standby.metric('etcd_endpoints_registry_keys')).toBe(2));
  await scene.registrar.delete('/services/web/1');
  await scene.untilPublished('web', ['10.0.0.2:80']);
  await eventually(async () => expect(await standby.metric('etcd_endpoints_registry_keys')).toBe(1));
  await leader.kill();
  await replicas.leader(leader);
  await eventually(async () => {
    const { stdout } = await explain(standby, scene.namespace, '--output=json');
    const { keys, removals } = JSON.parse(stdout) as Explanation;
    expect(keys.map(({ key }) => key)).toEqual(['/services/web/2']);
    expect(removals).toMatchObject([{ address: '10.0.0.1', key: '/services/web/1' }]);
    expect(removals[0]).not.toHaveProperty('removedAt');
  }, succession);
});
