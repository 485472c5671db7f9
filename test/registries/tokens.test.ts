import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { publishedResources, publishingWrites, writesOf } from '../kit/audit.ts';
import { startScene } from '../kit/scene.ts';

const password = 'open-sesame';
const tokenTtlSeconds = 2;

describe.concurrent('a registry whose tokens expire', () => {
  it.each(['simple', 'jwt'] as const)(
    'after seconds (%s) is followed on, through another user and a restart too, and nothing flaps',
    async (token) => {
      const users = [{ name: 'shop', password, prefix: '/services/', access: 'read' as const }];
      const scene = await startScene({
        etcd: { auth: { rootPassword: 'root', users, token, tokenTtlSeconds } },
        controller: () => ({
          args: ['--etcd-user=shop'],
          env: { ETCD_ENDPOINTS_ETCD_PASSWORD: password },
        }),
      });
      try {
        const { registry, controller } = scene;
        const put = async (key: string, value: string) => await registry.etcdctl(['put', key, value]);
        await put('/services/steady/1', '10.0.0.1:80');
        await put('/services/web/1', '10.0.0.1:80');
        await Promise.all([scene.define('steady'), scene.define('web')]);
        await scene.untilPublished('steady', ['10.0.0.1:80']);
        await scene.untilPublished('web', ['10.0.0.1:80']);
        const before = (await writesOf(controller)).length;

        let changes = 0;
        const follows = async (): Promise<void> => {
          changes += 1;
          await put('/services/web/1', `10.0.1.${changes}:80`);
          await scene.untilPublished('web', [`10.0.1.${changes}:80`]);
        };
        for (let lives = 0; lives < 3; lives += 1) {
          // What is idle for longer than a token lives has to get another.
          await pause(tokenTtlSeconds * 1_000 + 500);
          await follows();
        }
        // Whoever adds a user makes the tokens of all others outdated.
        await registry.etcdctl(['user', 'add', 'other:secret']);
        await follows();
        await registry.members[0]?.restart();
        await follows();
        await scene.define('late', { prefix: '/services/steady' });
        await scene.untilPublished('late', ['10.0.0.1:80']);

        await scene.untilReady('web');
        expect(await scene.condition('web', 'RegistryConnected')).toBe('True/Connected');
        const writes = publishingWrites((await writesOf(controller)).slice(before));
        expect(writes.filter((write) => !write.endsWith(' late'))).toEqual(
          publishedResources()
            .flatMap((resource) => Array<string>(changes).fill(`update ${resource} web`))
            .toSorted(),
        );
        expect(controller.output).not.toContain(password);
      } finally {
        await scene.stop();
      }
    },
  );
});
