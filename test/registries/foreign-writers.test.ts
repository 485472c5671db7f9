import { beforeAll, describe, expect, it } from 'vitest';
import type { RegistryEtcd } from '../kit/etcd-process.ts';
import { etcdctlWriter, type ForeignWriter, npmWriter, pythonWriter } from '../kit/foreign-writers.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type Scene, startScene } from '../kit/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  return () => scene.stop();
});

/** An instance that comes, is joined by another, moves and leaves with its lease. */
async function isPublished(
  name: string,
  start: (registry: RegistryEtcd) => Promise<ForeignWriter>,
): Promise<void> {
  await scene.define(name);
  const writer = await start(scene.registry);
  await writer.put(`/services/${name}/a`, '10.0.0.1:80');
  await scene.untilPublished(name, ['10.0.0.1:80']);
  await writer.put(`/services/${name}/b`, '{"ip":"10.0.0.2","port":80}');
  await writer.put(`/services/${name}/a`, '10.0.0.3:80');
  await scene.untilPublished(name, ['10.0.0.2:80', '10.0.0.3:80']);
  await scene.untilCounted(name, { keys: 2, ready: 2 });
  await writer.leave();
  await scene.untilPublished(name, []);
  expect(await scene.condition(name, 'Ready')).toBe('True/Published');
}

describe('what others register', () => {
  it.each([
    ['etcdctl put --lease', etcdctlWriter],
    ['the npm package etcd3', npmWriter],
  ] as const)('by %s is published', async (title, start) => {
    await isPublished(title.replaceAll(/[^a-z0-9]+/g, '-'), start);
  });
});

describeNeeding('python3-etcd3', 'what others register by python3-etcd3', () => {
  it('is published', async () => {
    await isPublished('python', pythonWriter);
  });
});
