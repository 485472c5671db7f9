import { expect, it, onTestFinished } from 'vitest';
import { runCommand } from '../cli/running-command.ts';
import { publishingWrites, writesOf } from '../kit/audit.ts';
import { eventually } from '../kit/eventually.ts';
import { startGrpcProxy } from '../kit/grpc-proxy.ts';
import { Churn, unguarded } from '../kit/replicas-churn.ts';
import { startScene } from '../kit/scene.ts';

const churnMs = 15_000;

it("etcd's gRPC proxy between registry, controller and instances lets nothing flap while much else changes", async () => {
  let url = '';
  const scene = await startScene({
    args: [unguarded],
    controller: async ({ endpoints }) => {
      const proxy = await startGrpcProxy(endpoints);
      onTestFinished(() => proxy.process.stop());
      url = `http://${proxy.address}`;
      return { etcd: [url] };
    },
  });
  onTestFinished(() => scene.stop());
  const { controller } = scene;
  // Its lease would run out several times, were it not kept alive through the proxy.
  const instance = runCommand([
    ...['register', '--etcd', url, '--ttl=4'],
    ...['--key=/services/steady/1', '--value=10.0.0.1:80'],
  ]);
  await instance.says('registered /services/steady/1');
  await scene.define('steady');
  await scene.untilPublished('steady', ['10.0.0.1:80']);
  const before = (await writesOf(controller)).length;

  const churn = await Churn.start(scene);
  const since = performance.now();
  await eventually(() => expect(performance.now()).toBeGreaterThan(since + churnMs));
  await churn.stop();
  await churn.untilPublished();

  const writes = publishingWrites((await writesOf(controller)).slice(before));
  expect(writes.length).toBeGreaterThan(20);
  expect(writes.filter((write) => write.endsWith(' steady'))).toEqual([]);
  expect(instance.stdout).toBe('registered /services/steady/1\n');
  expect(await scene.condition('steady', 'RegistryConnected')).toBe('True/Connected');
  expect(await controller.metric('etcd_endpoints_registry_drift_total')).toBe(0);
});
