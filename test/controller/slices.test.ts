import { beforeAll, describe, expect, it } from 'vitest';
import { type AuditedWrite, writesOf } from '../kit/audit.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { describeNeeding } from '../kit/needs.ts';
import { addressesIn, type Scene, startScene } from '../kit/scene.ts';
import { SlicesWatch } from '../kit/slices-watch.ts';

const LABELS = {
  owner: 'etcd-endpoints.io/etcdservice',
  service: 'kubernetes.io/service-name',
  manager: 'endpointslice.kubernetes.io/managed-by',
  skipMirror: 'endpointslice.kubernetes.io/skip-mirror',
};

describeNeeding('discovery.k8s.io/v1', 'EndpointSlices', () => {
  let scene: Scene;

  beforeAll(async () => {
    // What comes and goes here in seconds is for the guard to wonder about elsewhere.
    scene = await startScene({ args: ['--max-endpoints-per-slice=3', '--guard=off'] });
    return () => scene.stop();
  });

  /** What was written of slices and Endpoints while `work` was done, as `update endpointslices`. */
  async function writesDuring(work: () => Promise<unknown>): Promise<readonly string[]> {
    const published = (writes: readonly AuditedWrite[]): readonly AuditedWrite[] =>
      writes.filter(({ resource }) => resource === 'endpointslices' || resource === 'endpoints');
    await scene.controller.untilIdle();
    const before = published(await writesOf(scene.controller));
    await work();
    await scene.controller.untilIdle();
    const after = published(await writesOf(scene.controller)).slice(before.length);
    return after.map(({ verb, resource, code }) => `${verb} ${resource} ${code}`).toSorted();
  }

  describe('of an EtcdService', () => {
    it('stand beside Endpoints that Kubernetes does not mirror, and say the same', async () => {
      await scene.registrar.put({
        '/services/beside/1': '{"ip":"10.0.0.1","http":8080,"state":"UP"}',
        '/services/beside/2': '{"ip":"10.0.0.2","http":8080,"state":"DOWN"}',
      });
      const { metadata } = await scene.define('beside', {
        format: 'json',
        json: { ports: { http: '.http' }, ready: { path: '.state', values: ['UP'] } },
        ports: [{ name: 'web', port: 80, targetPort: 'http', appProtocol: 'http' }],
        service: { labels: { team: 'shop' } },
      });
      await scene.untilReady('beside');
      const [slice, ...others] = await scene.slices('beside');
      expect(others).toEqual([]);
      expect(slice.metadata.name).toMatch(/^beside-/);
      expect(slice.metadata.labels).toEqual({
        team: 'shop',
        'app.kubernetes.io/managed-by': 'etcd-endpoints.io',
        [LABELS.owner]: 'beside',
        [LABELS.service]: 'beside',
        [LABELS.manager]: 'etcd-endpoints.io',
      });
      expect(slice.metadata.ownerReferences).toEqual([
        {
          apiVersion: 'etcd-endpoints.io/v1alpha1',
          kind: 'EtcdService',
          name: 'beside',
          uid: metadata.uid,
          controller: true,
          blockOwnerDeletion: false,
        },
      ]);
      expect(slice.addressType).toBe('IPv4');
      expect(slice.ports).toEqual([{ name: 'web', port: 8080, protocol: 'TCP', appProtocol: 'http' }]);
      const conditions = (ready: boolean): object => ({ ready, serving: ready, terminating: false });
      expect(slice.endpoints).toHaveLength(2);
      expect(slice.endpoints).toEqual(
        expect.arrayContaining([
          { addresses: ['10.0.0.1'], conditions: conditions(true) },
          { addresses: ['10.0.0.2'], conditions: conditions(false) },
        ]),
      );
      expect(await scene.published('beside')).toEqual([
        '10.0.0.1:8080 (web)',
        '10.0.0.2:8080 (web) not ready',
      ]);
      const endpoints = await scene.objects.get('endpoints', 'beside');
      expect(endpoints.metadata.labels[LABELS.skipMirror]).toBe('true');
    });

    it('are several where there are many instances, and hold each once', async () => {
      const instances = Array.from({ length: 10 }, (_, n) => `10.0.1.${n + 1}:80`);
      await scene.defineWith('several', instances);
      expect(await scene.publishedInSlices('several')).toEqual(instances.toSorted());
      const sizes = (await scene.slices('several')).map(({ endpoints }) => endpoints.length);
      expect(sizes.toSorted()).toEqual([1, 3, 3, 3]);
    });

    it('follow the labels of the Service, and say that it is headless', async () => {
      await scene.defineWith('nameless', ['10.0.0.1', 'fd00::1'], {
        service: { type: 'Headless' },
        ports: undefined,
      });
      await scene.objects.change('services', 'nameless', ({ metadata }) => {
        metadata.labels.team = 'cart';
      });
      await eventually(async () => {
        for (const { metadata } of await scene.slices('nameless')) {
          expect(metadata.labels).toMatchObject({ team: 'cart', 'service.kubernetes.io/headless': '' });
        }
      });
      expect((await scene.slices('nameless')).length).toBeGreaterThan(0);
    });

    it('hold each of the families of the Service, of which Endpoints beside them hold the first', async () => {
      await scene.defineWith('families', ['10.0.0.1', 'fd00::1'], {
        service: { type: 'Headless' },
        ports: undefined,
      });
      const service = await scene.objects.get('services', 'families');
      // What the apiserver gives to a headless Service without selector that says nothing.
      expect(service.spec.ipFamilies).toEqual(['IPv4', 'IPv6']);
      const byType = (await scene.slices('families')).map((slice) => [slice.addressType, addressesIn(slice)]);
      expect(Object.fromEntries(byType)).toEqual({ IPv4: ['10.0.0.1'], IPv6: ['[fd00::1]'] });
      expect(await scene.published('families')).toEqual(['10.0.0.1']);
      await scene.redefine('families', { publish: ['EndpointSlice'] });
      await eventually(async () => expect(await scene.objects.get('endpoints', 'families')).toBeUndefined());
      await scene.redefine('families', { publish: ['Endpoints', 'EndpointSlice'] });
      await scene.untilPublished('families', ['10.0.0.1']);
    });

    it('publish what is not ready as ready where the Service says so, and so do Endpoints', async () => {
      await scene.objects.create('services', 'early', {
        spec: { ports: [{ port: 80 }], publishNotReadyAddresses: true },
      });
      await scene.registrar.put({ '/services/early/1': '{"ip":"10.0.0.1","port":80,"state":"DOWN"}' });
      await scene.define('early', {
        format: 'json',
        json: { ready: { path: '.state', values: ['UP'] } },
        ports: undefined,
      });
      await scene.untilReady('early');
      const [slice] = await scene.slices('early');
      expect(slice.endpoints).toMatchObject([
        { conditions: { ready: true, serving: false, terminating: false } },
      ]);
      expect(await scene.published('early')).toEqual(['10.0.0.1:80']);
      expect((await scene.status('early')).instances).toMatchObject({ ready: 0, notReady: 1 });
    });

    it('are alone where EndpointSlice alone is asked for', async () => {
      await scene.defineWith('alone', ['10.0.0.1:80'], { publish: ['EndpointSlice'] });
      expect(await scene.publishedInSlices('alone')).toEqual(['10.0.0.1:80']);
      expect(await scene.objects.get('endpoints', 'alone')).toBeUndefined();
      await scene.registrar.put({ '/services/alone/2': '10.0.0.2:80' });
      await scene.untilInSlices('alone', ['10.0.0.1:80', '10.0.0.2:80']);
    });

    it('stand also while there is no instance, so that Endpoints need not change their label', async () => {
      await scene.defineWith('empty', []);
      expect(await scene.publishedInSlices('empty')).toEqual([]);
      const writes = await writesDuring(async () => {
        await scene.registrar.put({ '/services/empty/1': '10.0.0.1:80' });
        await scene.untilInSlices('empty', ['10.0.0.1:80']);
      });
      expect(writes).toEqual(['update endpoints 200', 'update endpointslices 200']);
    });
  });

  describe('cost', () => {
    it('one write for a change, and one of the Endpoints', async () => {
      await scene.defineWith('cheap', ['10.0.0.1:80', '10.0.0.2:80']);
      const changes = [
        () => scene.registrar.put({ '/services/cheap/3': '10.0.0.3:80' }),
        () => scene.registrar.delete('/services/cheap/1'),
        () => scene.registrar.put({ '/services/cheap/2': '10.0.0.4:80' }),
      ];
      for (const change of changes) {
        const writes = await writesDuring(async () => {
          const before = await scene.publishedInSlices('cheap');
          await change();
          await eventually(async () => expect(await scene.publishedInSlices('cheap')).not.toEqual(before));
        });
        expect(writes).toEqual(['update endpoints 200', 'update endpointslices 200']);
      }
    });

    it('no second write while the cache has not seen the first: not one is refused as stale', async () => {
      await scene.defineWith('hasty', ['10.0.0.1:80']);
      const writes = await writesDuring(async () => {
        for (let n = 2; n <= 40; n += 1) {
          await scene.registrar.put({ [`/services/hasty/${n}`]: `10.0.2.${n}:80` });
          await scene.registrar.delete(`/services/hasty/${n - 1}`);
        }
        await scene.untilInSlices('hasty', ['10.0.2.40:80']);
      });
      expect(writes.filter((write) => !write.endsWith(' 200') && !write.endsWith(' 201'))).toEqual([]);
    });

    it('no write when the controller starts again', async () => {
      const before = await scene.versions();
      await scene.restartController();
      await scene.registrar.put({ '/services/awake/1': '10.0.0.1:80' });
      await scene.define('awake');
      await scene.untilReady('awake');
      await scene.controller.untilIdle();
      const after = await scene.versions();
      // Statuses are written less often than what they tell of: the last ones may have waited for the new controller.
      const isPublished = ([name]: readonly [string, string]): boolean => !name.startsWith('etcdservices');
      const changed = [...before].filter(([name, version]) => after.get(name) !== version);
      expect(changed.filter(isPublished)).toEqual([]);
    });
  });

  describe('that others touch', () => {
    const changes: readonly [string, (slice: AnyObject) => void][] = [
      ['an address', (slice) => Object.assign(slice, { endpoints: [{ addresses: ['192.0.2.1'] }] })],
      ['the ports', (slice) => Object.assign(slice, { ports: [{ port: 1 }] })],
      ['our label', ({ metadata: { labels } }) => delete labels[LABELS.owner]],
      ['the manager', ({ metadata: { labels } }) => Object.assign(labels, { [LABELS.manager]: 'me' })],
      ['the Service', ({ metadata: { labels } }) => Object.assign(labels, { [LABELS.service]: 'another' })],
      ['all labels', ({ metadata }) => Object.assign(metadata, { labels: {} })],
      ['the owner', ({ metadata }) => Object.assign(metadata, { ownerReferences: [] })],
    ];

    it.each(changes)('are put right again: %s', async (what, change) => {
      const name = `touched-${what.replaceAll(' ', '-').toLowerCase()}`;
      await scene.defineWith(name, ['10.0.0.1:80']);
      const [slice] = await scene.slices(name);
      const { metadata: wanted, endpoints, ports } = slice;
      await scene.objects.change('endpointslices', slice.metadata.name, change);
      await eventually(async () => {
        const [now, ...others] = await scene.slices(name);
        expect(others).toEqual([]);
        expect(now).toMatchObject({ endpoints, ports });
        expect(now.metadata).toMatchObject({
          labels: wanted.labels,
          ownerReferences: wanted.ownerReferences,
        });
      });
      await scene.untilReady(name);
    });

    it('come back when they are deleted', async () => {
      await scene.defineWith('deleted', ['10.0.0.1:80']);
      const [slice] = await scene.slices('deleted');
      await scene.objects.delete('endpointslices', slice.metadata.name);
      await eventually(async () => {
        const [now] = await scene.slices('deleted');
        expect(now?.metadata.uid).toBeDefined();
        expect(now.metadata.uid).not.toBe(slice.metadata.uid);
      });
      expect(await scene.publishedInSlices('deleted')).toEqual(['10.0.0.1:80']);
    });

    it('keep labels and annotations of others', async () => {
      await scene.defineWith('guests', ['10.0.0.1:80']);
      const [{ metadata }] = await scene.slices('guests');
      await scene.objects.change('endpointslices', metadata.name, (slice) => {
        slice.metadata.labels.theirs = 'a';
        slice.metadata.annotations = { ...slice.metadata.annotations, theirs: 'b' };
      });
      await scene.registrar.put({ '/services/guests/2': '10.0.0.2:80' });
      await scene.untilInSlices('guests', ['10.0.0.1:80', '10.0.0.2:80']);
      const [now] = await scene.slices('guests');
      expect(now.metadata.labels).toMatchObject({ theirs: 'a' });
      expect(now.metadata.annotations).toMatchObject({ theirs: 'b' });
    });
  });

  describe('of others', () => {
    const foreignSlice = (service: string): object => ({
      metadata: { labels: { [LABELS.service]: service, [LABELS.manager]: 'somebody' } },
      addressType: 'IPv4',
      endpoints: [{ addresses: ['192.0.2.1'] }],
      ports: [{ port: 80 }],
    });

    async function createForeign(name: string, service: string): Promise<void> {
      const slice = foreignSlice(service) as { metadata: object };
      await scene.objects.create('endpointslices', name, { ...slice, metadata: { name, ...slice.metadata } });
    }

    it('are not touched, whatever becomes of the EtcdService', async () => {
      await scene.defineWith('shared', ['10.0.0.1:80']);
      await createForeign('theirs', 'shared');
      const before = await scene.objects.get('endpointslices', 'theirs');
      await scene.registrar.put({ '/services/shared/2': '10.0.0.2:80' });
      await scene.untilInSlices('shared', ['10.0.0.1:80', '10.0.0.2:80']);
      await scene.redefine('shared', { publish: ['EndpointSlice'] });
      await scene.untilReady('shared');
      await scene.registrar.delete('/services/shared/1', '/services/shared/2');
      await scene.untilInSlices('shared', []);
      expect(await scene.objects.get('endpointslices', 'theirs')).toEqual(before);
    });

    it('are not overwritten where they have the name that one of ours would have', async () => {
      // Names follow from Service, family and ports: those of the first are those of the second.
      await scene.defineWith('named', ['10.0.0.1:80'], { publish: ['EndpointSlice'] });
      const [{ metadata }] = await scene.slices('named');
      await scene.objects.delete('etcdservices', 'named');
      await scene.objects.delete('services', 'named');
      await scene.controller.kill();
      await scene.objects.delete('endpointslices', metadata.name);
      await createForeign(metadata.name, 'named');
      const before = await scene.objects.get('endpointslices', metadata.name);
      await scene.startController();
      await scene.objects.create('services', 'named', { spec: { ports: [{ port: 80 }] } });
      // Theirs is empty by now, so that the Service is free to be filled.
      await scene.objects.change('endpointslices', metadata.name, (slice) =>
        Object.assign(slice, { endpoints: [] }),
      );
      await scene.define('named', { publish: ['EndpointSlice'] });
      expect(await scene.untilReady('named', 'False/SlicesTaken')).toContain(metadata.name);
      const after = await scene.objects.get('endpointslices', metadata.name);
      expect(after.metadata.uid).toBe(before.metadata.uid);
      expect(after.metadata.labels).toEqual(before.metadata.labels);
      await scene.objects.delete('endpointslices', metadata.name);
      await scene.redefine('named', { ports: [{ port: 80 }] });
      await scene.untilInSlices('named', ['10.0.0.1:80']);
    });

    it('that fill a Service of somebody else keep us away from it', async () => {
      await scene.objects.create('services', 'filled', { spec: { ports: [{ port: 80 }] } });
      await createForeign('filler', 'filled');
      await scene.registrar.put({ '/services/filled/1': '10.0.0.1:80' });
      await scene.define('filled');
      expect(await scene.untilReady('filled', 'False/EndpointsTaken')).toContain('filler');
      expect(await scene.slices('filled')).toEqual([]);
      expect(await scene.objects.get('endpoints', 'filled')).toBeUndefined();
    });
  });

  describe('beside hand-written Endpoints', () => {
    async function handWritten(name: string): Promise<void> {
      await scene.objects.create('services', name, { spec: { ports: [{ port: 80 }] } });
      await scene.objects.create('endpoints', name, {
        subsets: [{ addresses: [{ ip: '192.0.2.1' }], ports: [{ port: 80 }] }],
      });
      await scene.registrar.put({ [`/services/${name}/1`]: '10.0.0.1:80' });
    }

    it('are not made: nothing of ours stands where the Endpoints are taken', async () => {
      await handWritten('taken');
      await scene.define('taken');
      await scene.untilReady('taken', 'False/EndpointsTaken');
      await scene.redefine('taken', { publish: ['EndpointSlice'] });
      expect(await scene.untilReady('taken', 'False/EndpointsTaken')).toContain('mirrors');
      expect(await scene.slices('taken')).toEqual([]);
      expect(await scene.published('taken')).toEqual(['192.0.2.1:80']);
    });

    it('come with the adoption of these, which go when EndpointSlice alone is asked for afterwards', async () => {
      await handWritten('adopted');
      await scene.define('adopted', { service: { creationPolicy: 'Adopt' }, publish: ['EndpointSlice'] });
      await scene.untilReady('adopted', 'False/EndpointsTaken');
      await scene.redefine('adopted', { publish: ['Endpoints', 'EndpointSlice'] });
      await scene.untilPublished('adopted', ['10.0.0.1:80']);
      await scene.untilInSlices('adopted', ['10.0.0.1:80']);
      await scene.redefine('adopted', { publish: ['EndpointSlice'] });
      await eventually(async () => expect(await scene.objects.get('endpoints', 'adopted')).toBeUndefined());
      await scene.untilEvent('adopted', 'Normal EndpointsRemoved');
      expect(await scene.publishedInSlices('adopted')).toEqual(['10.0.0.1:80']);
    });
  });

  it('hold every address that lives while instances move between them', async () => {
    const stable = Array.from({ length: 9 }, (_, n) => `10.0.3.${n + 1}:80`);
    await scene.defineWith('moving', stable);
    const watch = await SlicesWatch.start(scene.objects, 'moving');
    try {
      await eventually(() => expect(watch.reachable.size).toBe(9));
      const begin = watch.moments.length - 1;
      for (let round = 0; round < 10; round += 1) {
        const extra = Array.from({ length: 6 }, (_, n) => [
          `/services/moving/x${n}`,
          `10.0.4.${round * 6 + n + 1}:80`,
        ]);
        await scene.registrar.put(Object.fromEntries(extra));
        await eventually(() => expect(watch.reachable.size).toBe(15));
        await scene.registrar.delete(...extra.map(([key = '']) => key));
        await eventually(() => expect(watch.reachable.size).toBe(9));
      }
      expect(watch.missingSince(begin, stable)).toEqual([]);
    } finally {
      watch.end();
    }
  });
});

describeNeeding('server >= 1.33', 'a cluster that warns of every request for Endpoints', () => {
  it('is quoted once in the log, and its warnings are counted', async () => {
    const scene = await startScene();
    try {
      await scene.defineWith('web', ['10.0.0.1:80']);
      const warnings = scene.controller.linesWith({ reason: 'KubernetesWarning' });
      expect(warnings.map(({ level, warning }) => [level, warning])).toEqual([
        ['warn', expect.stringContaining('Endpoints is deprecated')],
      ]);
      // At least to list, watch and create them.
      expect(await scene.controller.metric('etcd_endpoints_kube_warnings_total')).toBeGreaterThanOrEqual(3);
    } finally {
      await scene.stop();
    }
  });
});
