import { beforeAll, describe, expect, it } from 'vitest';
import type { Explanation, KeyChain } from '../../src/explain/types.ts';
import { command, type Ended } from '../cli/command.ts';
import { servers } from '../kit/control-plane.ts';
import type { ControllerProcess } from '../kit/controller-process.ts';
import { eventually } from '../kit/eventually.ts';
import { type Scene, startScene } from '../kit/scene.ts';

const slicesAreServed = servers().served.discoveryV1;

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  return () => scene.stop();
});

function addressOf(controller: ControllerProcess): string {
  const { address } = controller.line({ msg: 'Answering explain' }) as {
    address?: { host: string; port: number };
  };
  return `${address?.host}:${address?.port}`;
}

function explain(...args: readonly string[]): Promise<Ended> {
  const where = ['-n', scene.namespace, `--explain-address=${addressOf(scene.controller)}`];
  return command(['explain', ...where, ...args]);
}

async function explanationOf(...args: readonly string[]): Promise<Explanation> {
  const { code, stdout, stderr } = await explain('--output=json', ...args);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return JSON.parse(stdout) as Explanation;
}

function reasons({ keys }: Explanation): Record<string, string> {
  const last = ({ key }: KeyChain): string => key.split('/').at(-1) ?? '';
  return Object.fromEntries(
    keys.map((chain) => [last(chain), chain.items.map(({ reason }) => reason).join()]),
  );
}

describe('explain of an EtcdService', () => {
  it('tells of each key how it is read, what became of it and which objects hold it', async () => {
    await scene.registrar.put({
      '/services/all/a': '10.0.0.1:80',
      '/services/all/b': '10.0.0.1:80',
      '/services/all/c': '{"ip":"10.0.0.3","port":80,"metadata":{"env":"test"}}',
      '/services/all/d': '127.0.0.1:80',
      '/services/all/e/': '',
      '/services/all/f': '{"ServiceName":"all","Host":"10.0.0.6","Port":80,"Healthy":false}',
    });
    await scene.define('all', {
      filter: { matchExpressions: [{ key: 'env', operator: 'NotIn', values: ['test'] }] },
    });
    await scene.untilPublished('all', ['10.0.0.1:80', '10.0.0.6:80 not ready']);
    await scene.untilReady('all');
    const explanation = await explanationOf('all');
    expect(reasons(explanation)).toEqual({
      a: 'Published',
      b: 'Duplicate',
      c: 'Filtered',
      d: 'InvalidAddress',
      '': 'Ignored',
      f: 'NotReady',
    });
    const [a, , c] = explanation.keys;
    expect(a).toMatchObject({ key: '/services/all/a', format: 'plain', revision: expect.any(String) });
    expect(a).not.toHaveProperty('lease');
    expect(c?.items).toMatchObject([{ filteredBy: 'matchExpressions' }]);
    const kinds = a?.items[0]?.endpoint?.in.map(({ kind }) => kind);
    expect(kinds).toEqual(slicesAreServed ? ['EndpointSlice', 'Endpoints'] : ['Endpoints']);
    expect(explanation).toMatchObject({
      etcdService: `${scene.namespace}/all`,
      service: `${scene.namespace}/all`,
      replica: scene.controller.replica,
      lastWrite: { revision: expect.stringMatching(/^\d+$/) },
    });
    expect(explanation.conditions).toContainEqual(
      expect.objectContaining({ type: 'Ready', status: 'True', reason: 'Published' }),
    );
  });

  it('tells the time that remains to a lease, and that a lease is gone', async () => {
    const lease = await scene.registrar.etcd.grant(600);
    await scene.registrar.etcd.put('/services/leased/1', '10.0.0.1:80', lease);
    await scene.define('leased');
    await scene.untilPublished('leased', ['10.0.0.1:80']);
    const { keys } = await explanationOf('leased');
    expect(keys).toMatchObject([{ lease: { id: lease, state: 'Alive', grantedSeconds: 600 } }]);
  });

  it('prints the same for people', async () => {
    await scene.defineWith('people', ['10.0.0.1:80', 'hunter2']);
    const { code, stdout } = await explain('people');
    expect(code).toBe(0);
    expect(stdout).toContain(`EtcdService ${scene.namespace}/people, as replica ${scene.controller.replica}`);
    expect(stdout).toMatch(/\/services\/people\/1\n {2}revision +\d+\n {2}lease +none/);
    expect(stdout).toMatch(/published +10\.0\.0\.1:80 in .*Endpoints people\n {2}result +Published/);
    expect(stdout).not.toContain('hunter2');
  });

  it('tells what concerns one address alone where one is asked for', async () => {
    await scene.defineWith('one', ['10.0.0.1:80', '10.0.0.2:80']);
    const { keys } = await explanationOf('one', '--address=10.0.0.2');
    expect(keys.map(({ key }) => key)).toEqual(['/services/one/2']);
    expect((await explanationOf('one', '--address=10.9.9.9')).keys).toEqual([]);
  });

  it('refuses what there is not', async () => {
    expect(await explain('nothing')).toEqual({
      code: 1,
      signal: null,
      stdout: '',
      stderr: `etcd-endpoints: This controller serves no EtcdService ${scene.namespace}/nothing\n`,
    });
  });

  it('answers on the machine itself alone, and not where metrics are read', async () => {
    expect(addressOf(scene.controller)).toMatch(/^127\.0\.0\.1:\d+$/);
    const { status } = await scene.controller.http(`/explain?namespace=${scene.namespace}&name=all`);
    expect(status).toBe(404);
  });
});

describe('the flight recorder', () => {
  async function removalsOf(name: string, ...args: readonly string[]): Promise<Explanation['removals']> {
    return (await explanationOf(name, ...args)).removals;
  }

  it('tells by which key, at which revision and why an address left: in log, metric and explain alike', async () => {
    const { etcd } = scene.registrar;
    const [kept, revoked] = [await etcd.grant(600), await etcd.grant(600)];
    await etcd.put('/services/gone/1', '10.0.0.1:80', kept);
    await etcd.put('/services/gone/2', '10.0.0.2:80', revoked);
    await etcd.put('/services/gone/3', '10.0.0.3:80');
    await etcd.put('/services/gone/4', '10.0.0.4:80');
    await scene.define('gone', { filter: { excludeCIDRs: ['10.1.0.0/16'] } });
    await scene.untilPublished('gone', ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80', '10.0.0.4:80']);
    const before = await scene.controller.metric('etcd_endpoints_removals_total', { reason: 'LeaseGone' });
    const revision = await etcd.delete('/services/gone/1');
    await etcd.revoke(revoked);
    await etcd.put('/services/gone/3', '10.0.0.33:80');
    await etcd.put('/services/gone/4', '10.1.0.4:80');
    await scene.untilPublished('gone', ['10.0.0.33:80']);
    await eventually(async () => {
      const removals = await removalsOf('gone');
      expect(Object.fromEntries(removals.map(({ address, reason }) => [address, reason]))).toEqual({
        '10.0.0.1': 'Deleted',
        '10.0.0.2': 'LeaseGone',
        '10.0.0.3': 'Changed',
        '10.0.0.4': 'Filtered',
      });
    });
    const [removal] = await removalsOf('gone', '--address=10.0.0.1');
    expect(removal).toMatchObject({
      ports: [80],
      key: '/services/gone/1',
      revision: String(revision),
      lease: kept,
      leftAt: expect.stringMatching(/^\d{4}-.*Z$/),
      removedAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    await scene.controller.untilLine({ msg: 'Endpoint removed', address: '10.0.0.2', reason: 'LeaseGone' });
    expect(await scene.controller.metric('etcd_endpoints_removals_total', { reason: 'LeaseGone' })).toBe(
      before + 1,
    );
    const { stdout } = await explain('gone');
    expect(stdout).toMatch(/10\.0\.0\.2:80 left at \S+, revision \d+, lease gone \(LeaseGone\)/);
  });

  it('tells what holds an address that has vanished, and what ended the hold', async () => {
    const guard = { maxRemovalPercent: 10, ignoreBelow: 1, windowSeconds: 60, holdSeconds: 600 };
    await scene.defineWith('held', ['10.0.0.1:80', '10.0.0.2:80', '10.0.0.3:80'], { guard });
    await scene.registrar.delete('/services/held/1');
    const kept = await eventually(async () => {
      const explanation = await explanationOf('held');
      expect(explanation.kept).toMatchObject([
        { address: '10.0.0.1', ready: true, kept: { reason: 'HeldByGuard', hold: expect.any(String) } },
      ]);
      return explanation;
    });
    const hold = kept.kept[0]?.kept?.hold ?? '';
    expect(kept.removals).toMatchObject([{ address: '10.0.0.1', reason: 'KeyGone', hold }]);
    expect(kept.removals[0]).not.toHaveProperty('removedAt');
    await scene.objects.change('etcdservices', 'held', ({ metadata }) => {
      metadata.annotations = { 'etcd-endpoints.io/release-hold': hold };
    });
    await scene.untilPublished('held', ['10.0.0.2:80', '10.0.0.3:80']);
    await eventually(async () =>
      expect(await removalsOf('held')).toMatchObject([{ address: '10.0.0.1', reason: 'HoldReleased', hold }]),
    );
    expect((await explanationOf('held')).kept).toEqual([]);
  });

  it('tells what drains until when', async () => {
    await scene.defineWith('drains', ['10.0.0.1:80', '10.0.0.2:80'], { drainSeconds: 600 });
    await scene.registrar.delete('/services/drains/1');
    await eventually(async () =>
      expect((await explanationOf('drains')).kept).toMatchObject([
        {
          address: '10.0.0.1',
          ready: false,
          kept: { reason: 'Draining', until: expect.stringMatching(/Z$/) },
        },
      ]),
    );
  });

  it('tells of what has left within the time that is asked for', async () => {
    await scene.defineWith('since', ['10.0.0.1:80', '10.0.0.2:80']);
    await scene.registrar.delete('/services/since/1');
    await eventually(async () => expect(await removalsOf('since', '--since=1h')).toHaveLength(1));
    await eventually(async () => expect(await removalsOf('since', '--since=1s')).toEqual([]));
  });

  it('forgets an EtcdService that is deleted', async () => {
    await scene.defineWith('again', ['10.0.0.1:80', '10.0.0.2:80']);
    await scene.registrar.delete('/services/again/1');
    await eventually(async () => expect(await removalsOf('again')).toHaveLength(1));
    await scene.objects.delete('etcdservices', 'again');
    await eventually(async () => expect((await explain('again')).code).toBe(1));
    await scene.define('again');
    await scene.untilReady('again');
    expect(await removalsOf('again')).toEqual([]);
  });
});
