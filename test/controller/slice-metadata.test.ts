import { beforeAll, expect, it } from 'vitest';
import type { EtcdServiceInput } from '../../src/api/etcd-service.ts';
import { writesOf } from '../kit/audit.ts';
import { eventually } from '../kit/eventually.ts';
import { describeNeeding } from '../kit/needs.ts';
import { addressesIn, type Scene, startScene } from '../kit/scene.ts';

const announced = (ip: string, metadata: object): string =>
  JSON.stringify({ address: ip, port: 8080, metadata });

const slices: EtcdServiceInput['slices'] = {
  labels: [{ name: 'example.com/version', path: '.version' }],
  weights: { path: '.weight' },
};

describeNeeding('discovery.k8s.io/v1', 'slices with the metadata of their instances', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await startScene();
    return () => scene.stop();
  });

  /** The version, weights and addresses of each slice, sorted. */
  async function marksOf(name: string): Promise<readonly string[]> {
    return (await scene.slices(name))
      .map(({ metadata: { labels, annotations = {} }, ...slice }) =>
        [
          labels['example.com/version'] ?? '-',
          annotations['etcd-endpoints.io/weights'] ?? '-',
          ...addressesIn(slice).toSorted(),
        ].join(' '),
      )
      .toSorted();
  }

  async function untilMarked(name: string, wanted: readonly string[]): Promise<void> {
    await eventually(async () => expect(await marksOf(name)).toEqual(wanted));
  }

  it('have no label and no weight that is not asked for', async () => {
    await scene.defineWith('unasked', [announced('10.0.0.1', { version: '1', weight: 5 })]);
    await untilMarked('unasked', ['- - 10.0.0.1:8080']);
  });

  it('hold instances of one label alone, which moves with its instance, and their weights', async () => {
    await scene.defineWith(
      'marked',
      [
        announced('10.0.0.1', { version: '1', weight: 10 }),
        announced('10.0.0.2', { version: '1' }),
        announced('10.0.0.3', { version: '2', weight: '30' }),
      ],
      { slices },
    );
    await untilMarked('marked', [
      '1 {"10.0.0.1":10} 10.0.0.1:8080 10.0.0.2:8080',
      '2 {"10.0.0.3":30} 10.0.0.3:8080',
    ]);
    await scene.registrar.put({ '/services/marked/2': announced('10.0.0.2', { version: '2' }) });
    await untilMarked('marked', [
      '1 {"10.0.0.1":10} 10.0.0.1:8080',
      '2 {"10.0.0.3":30} 10.0.0.2:8080 10.0.0.3:8080',
    ]);
    await scene.redefine('marked', { slices: {} });
    await untilMarked('marked', ['- - 10.0.0.1:8080', '- - 10.0.0.2:8080 10.0.0.3:8080']);
  });

  it('take a new weight in place, one write each, and none for a value that says the same', async () => {
    await scene.defineWith('weighed', [announced('10.0.0.1', { weight: 1 })], { slices });
    await untilMarked('weighed', ['- {"10.0.0.1":1} 10.0.0.1:8080']);
    const before = (await writesOf(scene.controller)).length;
    // Says the same in other words; the change after it shows that it has been read.
    await scene.registrar.put({ '/services/weighed/1': announced('10.0.0.1', { other: 'x', weight: '1' }) });
    await scene.registrar.put({ '/services/weighed/1': announced('10.0.0.1', { weight: 2 }) });
    await untilMarked('weighed', ['- {"10.0.0.1":2} 10.0.0.1:8080']);
    await scene.controller.untilIdle();
    const writes = (await writesOf(scene.controller)).slice(before);
    expect(writes.map(({ verb, resource }) => `${verb} ${resource}`)).toEqual(['update endpointslices']);
  });

  it('go without what can be no label and no weight, which is told without repeating it', async () => {
    await scene.defineWith('flawed', [announced('10.0.0.1', { version: 'no good', weight: '-7' })], {
      slices,
    });
    await untilMarked('flawed', ['- - 10.0.0.1:8080']);
    const label = await scene.untilEvent('flawed', 'Warning InvalidLabel 1 instances');
    const weight = await scene.untilEvent('flawed', 'Warning InvalidWeight 1 instances');
    expect(label + weight).not.toMatch(/no good|-7/);
    await scene.untilReady('flawed');
  });

  it('keep label and weight of an instance that drains', async () => {
    await scene.defineWith(
      'drained',
      [announced('10.0.0.1', { version: '1', weight: 10 }), announced('10.0.0.2', { version: '2' })],
      { slices, drainSeconds: 3600 },
    );
    await scene.registrar.delete('/services/drained/1');
    await untilMarked('drained', ['1 {"10.0.0.1":10} 10.0.0.1:8080 draining', '2 - 10.0.0.2:8080']);
  });

  it('are not written by a controller that starts again, also where instances drain', async () => {
    await scene.untilCounted('drained', { ready: 1, draining: 1 });
    await scene.controller.untilIdle();
    const before = await scene.versions();
    await scene.restartController();
    // Whatever the controller had to correct stands when a change of a further service does.
    await scene.defineWith('last', [announced('10.0.0.9', { version: '1' })], { slices });
    await untilMarked('last', ['1 - 10.0.0.9:8080']);
    const after = await scene.versions();
    expect([...before].filter(([name, version]) => after.get(name) !== version)).toEqual([]);
  });
});
