import { beforeAll, describe, expect, it } from 'vitest';
import type { EtcdServiceInput } from '../../src/api/etcd-service.ts';
import { type FormatName, formatNames, formats } from '../../src/formats/formats.ts';
import type { Format, Instance } from '../../src/formats/types.ts';
import { eventually } from '../kit/eventually.ts';
import { readAll } from '../kit/read-items.ts';
import { type Scene, startScene } from '../kit/scene.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await startScene();
  return () => scene.stop();
});

const named = formatNames.filter((name) => name !== 'auto');
const isTold = (name: FormatName): boolean =>
  (formats[name] as Format<unknown>).recognises !== undefined || name === 'plain' || name === 'json';

/** The instances in the example of a format. */
function instancesOf(format: FormatName): readonly Instance[] {
  const { source, registrations } = formats[format].example;
  const readings = Object.values(readAll({ ...source, format }, registrations));
  return readings.flatMap(({ items }) =>
    items.flatMap((item) => (item.kind === 'instance' ? [item.instance] : [])),
  );
}

/** What is published of an instance for one Service port: its first port, and whether it is ready. */
function publishedOf({ address, ports, ready }: Instance): string {
  return `${address}:${Object.values(ports)[0]}${ready ? '' : ' not ready'}`;
}

describe('the registrations of each framework', () => {
  beforeAll(async () => {
    for (const name of named) {
      const { source, registrations } = formats[name].example;
      await scene.registrar.put(registrations);
      const [first] = instancesOf(name);
      const [[portName] = ['']] = Object.entries(first?.ports ?? {});
      const isSeveral = Object.keys(first?.ports ?? {}).length > 1;
      const ports = [{ port: 80, ...(isSeveral && { targetPort: portName }) }];
      await scene.define(`${name}-named`, { ...source, format: name, ports });
      await scene.define(`${name}-auto`, { ...source, ports });
    }
  });

  it.each(named)('are published by the format %s', async (name) => {
    await scene.untilPublished(`${name}-named`, instancesOf(name).map(publishedOf));
    await scene.untilReady(`${name}-named`);
    expect(await scene.status(`${name}-named`)).toMatchObject({
      formats: [name],
      instances: { rejected: 0 },
    });
  });

  it.each(named.filter(isTold))('are found to be %s by auto, as the status says', async (name) => {
    await scene.untilPublished(`${name}-auto`, instancesOf(name).map(publishedOf));
    await eventually(async () => expect((await scene.status(`${name}-auto`)).formats).toEqual([name]));
  });
});

describe('a database of Patroni', () => {
  const scope = '/service/shop';
  const member = (address: string): string =>
    `{"conn_url":"postgres://${address}:5432/postgres","state":"running","role":"replica"}`;
  const guard = { maxRemovalPercent: 1, ignoreBelow: 1 };

  it('is reached at its new primary as soon as the leader key says so, whatever a guard holds of others', async () => {
    const { etcd } = scene.registrar;
    const lease = await etcd.grant(600);
    await etcd.put(`${scope}/leader`, 'pg-0', lease);
    await etcd.put(`${scope}/members/pg-0`, member('10.0.0.1'), lease);
    await scene.registrar.put({
      [`${scope}/members/pg-1`]: member('10.0.0.2'),
      [`${scope}/config`]: '{"ttl":30}',
    });
    const options: Partial<EtcdServiceInput> = {
      prefix: scope,
      format: 'patroni',
      ports: [{ port: 5432 }],
      guard,
    };
    await scene.define('shop-primary', options);
    await scene.define('shop-replicas', { ...options, patroni: { role: 'Replica' } });
    await scene.untilPublished('shop-primary', ['10.0.0.1:5432']);
    await scene.untilPublished('shop-replicas', ['10.0.0.2:5432']);

    // One lease of the host holds both keys: they go at once.
    await etcd.revoke(lease);
    await etcd.put(`${scope}/leader`, 'pg-1');
    await scene.untilPublished('shop-primary', ['10.0.0.2:5432']);
    await scene.untilPublished('shop-replicas', []);
    expect(await scene.condition('shop-primary', 'RemovalHeld')).toBe('False/NothingHeld');
  });
});
