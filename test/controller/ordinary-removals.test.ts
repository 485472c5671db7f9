import { afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../kit/eventually.ts';
import { addresses, clearAll, Fleet } from '../kit/fleet.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { type Scene, startScene } from '../kit/scene.ts';

let scene: Scene;
let fleet: Fleet;

beforeAll(async () => {
  scene = await startScene();
  fleet = new Fleet(scene);
  return () => scene.stop();
});

/** Each test has the registry for itself. */
afterEach(() => clearAll(scene));

/** Notes every state of an EtcdService: what is never held is never said to be. */
async function watchHolds(name: string): Promise<() => number> {
  const { states, end } = await scene.objects.watch('etcdservices', name);
  onTestFinished(end);
  return () =>
    states.filter((state: AnyObject) =>
      state?.status?.conditions?.some(
        ({ type, status }: AnyObject) => type === 'RemovalHeld' && status === 'True',
      ),
    ).length;
}

/** Removals that are ordinary are published as fast as additions: this is far below the shortest hold. */
const promptly = { timeoutMs: 5000, intervalMs: 20 };

describe('by default nothing is delayed while', () => {
  it('20 instances are replaced, a quarter at a time', async () => {
    for (let quarter = 0; quarter < 4; quarter += 1) {
      await fleet.start('web', addresses(5, quarter), `old-${quarter}`);
    }
    await scene.define('web');
    await scene.untilReady('web');
    const holds = await watchHolds('web');

    for (let quarter = 0; quarter < 4; quarter += 1) {
      await fleet.revoke('web', `old-${quarter}`);
      await eventually(async () => expect(await scene.published('web')).toHaveLength(15), promptly);
      await fleet.start('web', addresses(5, 100 + quarter), `new-${quarter}`);
      await eventually(async () => expect(await scene.published('web')).toHaveLength(20), promptly);
    }

    expect(holds()).toBe(0);
  });

  it('11 old instances give way to 10 new ones that stood beside them', async () => {
    await fleet.start('web', addresses(11, 1), 'blue');
    await scene.define('web');
    await scene.untilReady('web');
    const holds = await watchHolds('web');
    await fleet.start('web', addresses(10, 2), 'green');
    await eventually(async () => expect(await scene.published('web')).toHaveLength(21), promptly);

    await fleet.revoke('web', 'blue');

    await eventually(
      async () => expect(await scene.published('web')).toEqual(addresses(10, 2).toSorted()),
      promptly,
    );
    expect(holds()).toBe(0);
  });

  it('one instance is made again elsewhere', async () => {
    await fleet.start('web', addresses(1, 1), 'here');
    await scene.define('web');
    await scene.untilReady('web');
    const holds = await watchHolds('web');

    await fleet.revoke('web', 'here');
    await eventually(async () => expect(await scene.published('web')).toEqual([]), promptly);
    await fleet.start('web', addresses(1, 2), 'there');
    await eventually(async () => expect(await scene.published('web')).toEqual(addresses(1, 2)), promptly);

    expect(holds()).toBe(0);
  });

  it.each(['revoke', 'delete'] as const)('10 instances become 3 by %s', async (how) => {
    await fleet.start('web', addresses(3, 1), 'stay');
    await fleet.start('web', addresses(7, 2), 'go');
    await scene.define('web');
    await scene.untilReady('web');
    const holds = await watchHolds('web');

    await fleet[how]('web', 'go');

    await eventually(async () => expect(await scene.published('web')).toEqual(addresses(3, 1)), promptly);
    expect(holds()).toBe(0);
  });

  it('a primary moves, whatever its own guard would hold', async () => {
    const member = (name: string, last: number): Promise<void> =>
      scene.registrar.put({
        [`/services/db/members/${name}`]: `{"conn_url":"postgres://10.0.0.${last}:5432/postgres","state":"running"}`,
      });
    await member('pg-0', 1);
    await member('pg-1', 2);
    await scene.registrar.putExpiring({ '/services/db/leader': 'pg-0' }, 60);
    await scene.define('db', { format: 'patroni', guard: { ignoreBelow: 1, maxRemovalPercent: 1 } });
    await scene.untilPublished('db', ['10.0.0.1:5432']);
    const holds = await watchHolds('db');

    await scene.registrar.delete('/services/db/leader');
    await eventually(async () => expect(await scene.published('db')).toEqual([]), promptly);
    await scene.registrar.put({ '/services/db/leader': 'pg-1' });
    await eventually(async () => expect(await scene.published('db')).toEqual(['10.0.0.2:5432']), promptly);

    expect(holds()).toBe(0);
  });

  it('20 keys are deleted by somebody whose lease lives, or turn unready or into something else', async () => {
    await fleet.start('web', addresses(20), 'all');
    await fleet.start('api', addresses(12, 1), 'all');
    await scene.define('web');
    await scene.define('api', { filter: { cidrs: ['10.0.1.0/24'] } });
    await scene.untilReady('web');
    await scene.untilReady('api');
    const holds = await watchHolds('web');
    const others = await watchHolds('api');

    await fleet.delete('web', 'all');
    await eventually(async () => expect(await scene.published('web')).toEqual([]), promptly);
    await fleet.start('api', addresses(12, 2), 'all');
    await eventually(async () => expect(await scene.published('api')).toEqual([]), promptly);

    expect(holds() + others()).toBe(0);
  });
});
