import { expect, it, onTestFinished } from 'vitest';
import { runCommand } from '../cli/running-command.ts';
import { publishingWrites, writesOf } from '../kit/audit.ts';
import { eventually } from '../kit/eventually.ts';
import { startScene } from '../kit/scene.ts';

it('a registry of three members goes on without each of them in turn, and what does not change is not touched', async () => {
  const scene = await startScene({ etcd: { members: 3 } });
  onTestFinished(() => scene.stop());
  const { registry, controller } = scene;
  const instance = runCommand([
    ...['register', '--etcd', registry.endpoints.join(','), '--ttl=15'],
    ...['--key=/services/steady/1', '--value=10.0.0.1:80'],
  ]);
  await instance.says('registered /services/steady/1');
  await scene.define('steady');
  await scene.define('web');
  await scene.untilPublished('steady', ['10.0.0.1:80']);
  const before = (await writesOf(controller)).length;

  const wanted: string[] = [];
  const follows = async (member: number): Promise<void> => {
    const address = `10.0.1.${wanted.length + 1}:80`;
    wanted.push(address);
    // etcd takes nothing while it elects a leader.
    await eventually(() => registry.etcdctl(['put', `/services/web/${address}`, address], { member }));
    await scene.untilPublished('web', wanted);
  };
  for (const [index, member] of registry.members.entries()) {
    await member.kill();
    await follows((index + 1) % 3);
    await member.start();
    await follows(index);
  }

  const writes = publishingWrites((await writesOf(controller)).slice(before));
  expect(writes.filter((write) => write.endsWith(' steady'))).toEqual([]);
  expect(instance.stdout).toBe('registered /services/steady/1\n');
  expect(await scene.condition('web', 'RegistryConnected')).toBe('True/Connected');
  expect(await controller.metric('etcd_endpoints_registry_lists_total')).toBe(2);
});
