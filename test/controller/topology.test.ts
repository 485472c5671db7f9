import { beforeAll, expect, it } from 'vitest';
import type { EtcdServiceInput } from '../../src/api/etcd-service.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type Scene, startScene } from '../kit/scene.ts';

const placed = (ip: string, zone: string, more: object = {}): string =>
  JSON.stringify({ address: ip, port: 8080, metadata: { zone, ...more } });

describeNeeding('discovery.k8s.io/v1', 'an instance of which more than the address is known', () => {
  let scene: Scene;

  beforeAll(async () => {
    scene = await startScene();
    return () => scene.stop();
  });

  /** What slices say of each address, `-` where they say nothing: zone, hints and hostname. */
  async function placesOf(name: string): Promise<Readonly<Record<string, string>>> {
    const endpoints = (await scene.slices(name)).flatMap(({ endpoints: all }) => all ?? []);
    return Object.fromEntries(
      endpoints.map(({ addresses, zone = '-', hints, hostname = '-' }: AnyObject) => {
        const zones = (hints?.forZones ?? []).map(({ name: hint }: AnyObject) => hint).join() || '-';
        return [addresses[0], `${zone} ${zones} ${hostname}`];
      }),
    );
  }

  async function untilPlaced(name: string, wanted: Readonly<Record<string, string>>): Promise<void> {
    await eventually(async () => expect(await placesOf(name)).toEqual(wanted));
  }

  const topology: EtcdServiceInput['topology'] = {
    zone: { path: '.zone', values: { 'rack 7': 'eu-central-1a' } },
  };

  it('is in the zone that its metadata names, or that this is mapped to', async () => {
    await scene.defineWith('zones', [placed('10.0.0.1', 'rack 7'), placed('10.0.0.2', 'eu-central-1b')], {
      topology,
    });
    await untilPlaced('zones', { '10.0.0.1': 'eu-central-1a - -', '10.0.0.2': 'eu-central-1b - -' });
  });

  it('is in the zone that its key names by the layout', async () => {
    await scene.registrar.put({ '/services/keys/eu-1/a': '10.0.0.1:80', '/services/keys/b': '10.0.0.2:80' });
    await scene.define('keys', { layout: '{zone}/{instance}', topology: { zone: { path: '.zone' } } });
    await untilPlaced('keys', { '10.0.0.1': 'eu-1 - -', '10.0.0.2': '- - -' });
  });

  it('moves to another zone in place', async () => {
    await scene.defineWith('moving', [placed('10.0.0.1', 'a')], { topology });
    await untilPlaced('moving', { '10.0.0.1': 'a - -' });
    const [before] = await scene.slices('moving');
    await scene.registrar.put({ '/services/moving/1': placed('10.0.0.1', 'b') });
    await untilPlaced('moving', { '10.0.0.1': 'b - -' });
    const [after] = await scene.slices('moving');
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
  });

  it('is published without a zone that no Node can have, which is told without repeating it', async () => {
    await scene.defineWith('invalid', [placed('10.0.0.1', 'rack 8'), placed('10.0.0.2', 'a')], { topology });
    await untilPlaced('invalid', { '10.0.0.1': '- - -', '10.0.0.2': 'a - -' });
    const event = await scene.untilEvent('invalid', 'Warning InvalidZone');
    expect(event).toContain('1 instances name a zone that no Node can have, such as 10.0.0.1;');
    expect(event).not.toContain('rack 8');
    await scene.untilReady('invalid');
  });

  it('has hints with hints: Zone, as long as every ready instance has a zone', async () => {
    await scene.defineWith('hints', [placed('10.0.0.1', 'a'), placed('10.0.0.2', 'b')], {
      topology: { ...topology, hints: 'Zone' },
    });
    await untilPlaced('hints', { '10.0.0.1': 'a a -', '10.0.0.2': 'b b -' });

    await scene.registrar.put({ '/services/hints/3': '10.0.0.3:80' });
    await untilPlaced('hints', { '10.0.0.1': 'a - -', '10.0.0.2': 'b - -', '10.0.0.3': '- - -' });
    await scene.untilEvent('hints', 'Warning NoZoneHints 1 ready instances have no zone, such as 10.0.0.3');

    await scene.registrar.delete('/services/hints/3');
    await untilPlaced('hints', { '10.0.0.1': 'a a -', '10.0.0.2': 'b b -' });

    await scene.redefine('hints', { topology });
    await untilPlaced('hints', { '10.0.0.1': 'a - -', '10.0.0.2': 'b - -' });
  });

  it('of a headless Service has its hostname, where that is a DNS label', async () => {
    await scene.defineWith(
      'names',
      [
        placed('10.0.0.1', 'a', { hostname: 'web-1' }),
        placed('10.0.0.2', 'a', { hostname: 'web-2.example' }),
        placed('10.0.0.3', 'a'),
      ],
      { service: { type: 'Headless' } },
    );
    await untilPlaced('names', { '10.0.0.1': '- - web-1', '10.0.0.2': '- - -', '10.0.0.3': '- - -' });
    const { subsets } = await scene.objects.get('endpoints', 'names');
    expect(subsets[0].addresses.map(({ ip, hostname = '-' }: AnyObject) => `${ip} ${hostname}`)).toEqual([
      '10.0.0.1 web-1',
      '10.0.0.2 -',
      '10.0.0.3 -',
    ]);
  });

  it('of a Service with a cluster IP has no hostname, which DNS has no record for', async () => {
    await scene.defineWith('nameless', [placed('10.0.0.1', 'a', { hostname: 'web-1' })]);
    await untilPlaced('nameless', { '10.0.0.1': '- - -' });
  });
});
