import { rm } from 'node:fs/promises';
import { describe, expect, it, type TestContext } from 'vitest';
import { publishedResources, publishingWrites, writesOf } from '../kit/audit.ts';
import { eventually } from '../kit/eventually.ts';
import { firstToTell } from '../kit/first-to-tell.ts';
import { type Scene, startScene } from '../kit/scene.ts';

async function ownScene({ onTestFinished }: TestContext): Promise<Scene> {
  const scene = await startScene();
  onTestFinished(() => scene.stop());
  return scene;
}

/** Most of the time is spent on waiting, so all tests of this file wait together. */
describe.concurrent('a registry that goes away while the controller runs', () => {
  it('leaves everything as it is, is reported after half a minute, and brings only true differences with it', async (context) => {
    const scene = await ownScene(context);
    const name = firstToTell(scene.namespace);
    const [member] = scene.registry.members;
    await scene.defineWith(name, ['10.0.0.1:80', '10.0.0.2:80']);
    await scene.defineWith('same', ['10.0.0.1:80']);
    const before = (await writesOf(scene.controller)).length;

    await member?.stop();
    await eventually(
      async () => expect(await scene.condition(name, 'RegistryConnected')).toBe('False/Disconnected'),
      { timeoutMs: 75_000, intervalMs: 250 },
    );
    expect(await scene.condition(name, 'Ready')).toBe('Unknown/NotSynced');
    expect(await scene.published(name)).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
    expect(await scene.published('same')).toEqual(['10.0.0.1:80']);
    expect((await scene.controller.http('/readyz')).status).toBe(200);

    await member?.start();
    await scene.registrar.put({ [`/services/${name}/1`]: '10.0.0.3:80' });
    await scene.untilPublished(name, ['10.0.0.2:80', '10.0.0.3:80']);
    await scene.untilReady(name);
    await eventually(async () =>
      expect(await scene.condition(name, 'RegistryConnected')).toBe('True/Connected'),
    );
    const writes = (await writesOf(scene.controller)).slice(before);
    expect(publishingWrites(writes)).toEqual(
      publishedResources().map((resource) => `update ${resource} ${name}`),
    );
  });
});

describe.concurrent('an outage that is reported', () => {
  // Both wait for up to a minute before they tell.
  it('is not told anew by a controller that starts in its midst', { timeout: 240_000 }, async (context) => {
    const scene = await ownScene(context);
    const name = firstToTell(scene.namespace);
    await scene.defineWith(name, ['10.0.0.1:80']);
    await scene.registry.members[0]?.stop();
    const patience = { timeoutMs: 75_000, intervalMs: 250 };
    await eventually(
      async () => expect(await scene.condition(name, 'RegistryConnected')).toBe('False/Disconnected'),
      patience,
    );
    await scene.controller.untilIdle();
    const before = await scene.status(name);

    await scene.restartController();
    // When one is told that knows nothing yet, the first would have been told, too.
    await scene.define('late');
    await eventually(
      async () => expect(await scene.condition('late', 'RegistryConnected')).toBe('False/Disconnected'),
      patience,
    );
    await scene.controller.untilIdle();

    const writes = await writesOf(scene.controller);
    expect(writes.filter((write) => write.name.startsWith(name))).toEqual([]);
    expect(await scene.status(name)).toEqual(before);
  });
});

describe.concurrent('a registry that comes back', () => {
  async function outage(context: TestContext, away: (scene: Scene) => Promise<void>): Promise<Scene> {
    const scene = await ownScene(context);
    await scene.defineWith('web', ['10.0.0.1:80', '10.0.0.2:80']);
    await scene.registry.members[0]?.stop();
    await away(scene);
    await scene.registry.members[0]?.start();
    return scene;
  }

  it('empty has no instances any more', async (context) => {
    const scene = await outage(context, async ({ registry }) => {
      await rm(registry.members[0]?.dataDirectory ?? '', { recursive: true });
    });
    await scene.untilPublished('web', []);
    await scene.untilReady('web');
    await scene.registrar.put({ '/services/web/1': '10.0.0.9:80' });
    await scene.untilPublished('web', ['10.0.0.9:80']);
  });

  it('unchanged causes no write, also where a Service was deleted by hand and made again meanwhile', async (context) => {
    const scene = await outage(context, async ({ objects }) => {
      await objects.delete('services', 'web');
      await eventually(async () => expect(await objects.get('services', 'web')).toBeDefined());
    });
    await eventually(async () =>
      expect(await scene.controller.metric('etcd_endpoints_registry_connected')).toBe(1),
    );
    await scene.registrar.put({ '/services/web/3': '10.0.0.3:80' });
    await scene.untilPublished('web', ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80']);
    const writes = await writesOf(scene.controller);
    const ofEndpoints = writes.filter(({ resource }) => resource === 'endpoints').map(({ verb }) => verb);
    // When it was defined, when the apiserver had deleted it together with the Service, and for the third instance.
    expect(ofEndpoints).toEqual(['create', 'create', 'update']);
  });
});

describe.concurrent('a registry that has never answered', () => {
  it('is told of in the status, and nothing is created before it has been listed', async (context) => {
    const scene = await ownScene(context);
    await scene.restartController(() => scene.registry.members[0]?.stop() ?? Promise.resolve());
    await scene.define('early');
    await scene.untilReady('early', 'Unknown/NotSynced');
    expect(await scene.condition('early', 'RegistryConnected')).toBe('Unknown/Connecting');
    expect(await scene.objects.get('services', 'early')).toBeUndefined();
    const { problem } = await scene.controller.untilLine({ msg: 'etcd does not answer; it is tried on' });
    expect(problem).toContain(new URL(scene.registry.endpoints[0] ?? '').host);

    await scene.registry.members[0]?.start();
    await scene.registrar.put({ '/services/early/1': '10.0.0.1:80' });
    await scene.untilPublished('early', ['10.0.0.1:80']);
    await scene.untilReady('early');
    await eventually(async () =>
      expect(await scene.condition('early', 'RegistryConnected')).toBe('True/Connected'),
    );
  });
});
