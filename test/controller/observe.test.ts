import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { startControllerManager } from '../../dev/control-plane/controller-manager.ts';
import { BackendsWatch } from '../kit/backends-watch.ts';
import { servers } from '../kit/control-plane.ts';
import { installCrd } from '../kit/crd.ts';
import { type DnsServer, startDnsServer } from '../kit/dns-server.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import type { Scene } from '../kit/scene.ts';
import { untilVisited } from '../kit/visited.ts';

const MIRRORED = 'endpointslicemirroring-controller.k8s.io';

/** What is not watched is looked at every half minute. */
const PATIENCE = { timeoutMs: 60_000, intervalMs: 100 };

const observe = { mode: 'Observe', ports: undefined } as const;
const adopt = { mode: 'Publish', service: { creationPolicy: 'Adopt' } } as const;
const http = [{ name: 'http', port: 80, protocol: 'TCP' }];
const alive = ['10.0.0.1:8080 (http)', '10.0.0.2:8080 (http)'];

describeNeeding('discovery.k8s.io/v1', 'an EtcdService of mode Observe', () => {
  describeNeeding('kube-controller-manager', 'beside the controllers of Kubernetes', () => {
    let own: OwnPlane;
    let scene: Scene;
    let dns: DnsServer;

    beforeAll(async () => {
      dns = await startDnsServer();
      own = await startOwnPlane({ controllerEnv: dns.env });
      ({ scene } = own);
      await installCrd(own.plane.credentials);
      const manager = await startControllerManager(servers().binaries, own.plane.credentials, [
        'garbagecollector',
        'endpoint',
        'endpointslice',
        'endpointslicemirroring',
      ]);
      await scene.startController();
      return async () => {
        await manager.stop();
        await own.stop();
        dns.close();
      };
    });

    const createService = (name: string, spec: object = {}): Promise<AnyObject> =>
      scene.objects.create('services', name, { spec: { ports: http, ...spec } });

    const createEndpoints = (name: string, ...ips: readonly string[]): Promise<AnyObject> =>
      scene.objects.create('endpoints', name, {
        subsets: [{ addresses: ips.map((ip) => ({ ip })), ports: [{ name: 'http', port: 8080 }] }],
      });

    const register = (name: string, ...ips: readonly string[]): Promise<void> =>
      scene.registrar.put(Object.fromEntries(ips.map((ip, n) => [`/services/${name}/${n}`, `${ip}:8080`])));

    async function untilEqual(name: string, wanted: string): Promise<AnyObject> {
      return await eventually(async () => {
        expect(await scene.condition(name, 'Equal')).toBe(wanted);
        return (await scene.status(name)).observed;
      }, PATIENCE);
    }

    async function untilObserved(name: string, wanted: object): Promise<AnyObject> {
      return await eventually(async () => {
        const { observed } = await scene.status(name);
        expect(observed).toMatchObject(wanted);
        return observed;
      }, PATIENCE);
    }

    /** Everything of a Service but what the EtcdService says of itself. */
    async function standing(): Promise<ReadonlyMap<string, string>> {
      const versions = [...(await scene.versions())].filter(([name]) => !name.startsWith('etcdservices'));
      return new Map(versions);
    }

    async function watchBackends(name: string): Promise<BackendsWatch> {
      const watch = await BackendsWatch.start(scene.objects, name);
      onTestFinished(() => watch.end());
      await eventually(() => expect(watch.moments.at(-1)?.size).toBeGreaterThan(0));
      return watch;
    }

    it('writes nothing and counts what differs from hand-written Endpoints, with examples, until nothing does', async () => {
      await createService('compared');
      await createEndpoints('compared', '10.0.0.1', '10.0.0.9');
      await eventually(
        async () => expect(await scene.slices('compared', MIRRORED)).toHaveLength(1),
        PATIENCE,
      );
      const before = await standing();
      await register('compared', '10.0.0.1', '10.0.0.2');
      await scene.define('compared', observe);
      await untilEqual('compared', 'False/Differs');
      const observed = await untilObserved('compared', {
        wanted: 2,
        standing: 2,
        missing: 1,
        superfluous: 1,
      });
      expect(observed.examples).toEqual([
        { kind: 'Missing', endpoint: '10.0.0.2:8080/TCP (http)' },
        { kind: 'Superfluous', endpoint: '10.0.0.9:8080/TCP (http)' },
      ]);
      await scene.untilReady('compared', 'Unknown/Observing');
      expect((await scene.status('compared')).instances).toMatchObject({ keys: 2, ready: 2 });
      const metric = (name: string, labels: Record<string, string>): Promise<number> =>
        scene.controller.metric(`etcd_endpoints_observed_${name}`, labels);
      expect(await metric('differences', { kind: 'missing' })).toBe(1);
      expect(await metric('services', { state: 'different' })).toBe(1);
      expect(await standing()).toEqual(before);

      await scene.objects.change('endpoints', 'compared', ({ subsets }) => {
        subsets[0].addresses[1].ip = '10.0.0.2';
      });
      await untilEqual('compared', 'True/Equal');
      expect(await metric('differences', {})).toBe(0);
      await scene.untilEvent('compared', 'Normal Equal');
    });

    it('tells since when all is equal, also across a restart, which writes nothing', async () => {
      await createService('lasting');
      await createEndpoints('lasting', '10.0.0.1', '10.0.0.2');
      await register('lasting', '10.0.0.1', '10.0.0.2');
      await scene.define('lasting', observe);
      await untilEqual('lasting', 'True/Equal');
      await untilObserved('lasting', { wanted: 2, standing: 2 });
      await scene.controller.untilIdle();
      const before = await scene.versions();
      await scene.restartController();
      await untilVisited(scene);
      expect(await scene.versions()).toEqual(before);
    });

    it('lets a difference of a moment pass, since others that follow the registry come a moment later', async () => {
      await createService('lagging');
      await createEndpoints('lagging', '10.0.0.1');
      await register('lagging', '10.0.0.1');
      await scene.define('lagging', observe);
      await untilEqual('lagging', 'True/Equal');
      const watch = await scene.objects.watch('etcdservices', 'lagging');
      onTestFinished(() => watch.end());
      await register('lagging', '10.0.0.1', '10.0.0.2');
      await untilObserved('lagging', { missing: 1 });
      await scene.objects.change('endpoints', 'lagging', ({ subsets }) => {
        subsets[0].addresses.push({ ip: '10.0.0.2' });
      });
      await untilObserved('lagging', { wanted: 2, missing: 0 });
      const equal = watch.states.map(({ status }) =>
        status?.conditions?.find(({ type }: AnyObject) => type === 'Equal'),
      );
      expect(new Set(equal.map(({ status }) => status))).toEqual(new Set(['True']));
      expect(new Set(equal.map(({ lastTransitionTime }) => lastTransitionTime)).size).toBe(1);
    });

    it('says what of the Service differs, and what would forbid to publish', async () => {
      await createService('selecting', { selector: { app: 'web' } });
      await createService('ported', { ports: [{ name: 'web', port: 81 }] });
      for (const name of ['selecting', 'ported', 'absent']) {
        await scene.define(name, { mode: 'Observe', ports: [{ name: 'http', port: 80 }] });
        await untilEqual(name, 'False/Differs');
      }
      expect((await scene.status('selecting')).observed.service).toEqual([
        expect.stringContaining('has a selector'),
      ]);
      expect((await scene.status('ported')).observed.service).toHaveLength(2);
      expect((await scene.status('absent')).observed.service).toEqual(['there is no Service of that name']);
      expect(await scene.objects.get('services', 'absent')).toBeUndefined();
    });

    it('goes over from hand-written Endpoints to publishing, and no client misses an address at any moment', async () => {
      await createService('static');
      await createEndpoints('static', '10.0.0.1', '10.0.0.2');
      await register('static', '10.0.0.1', '10.0.0.2');
      await scene.define('static', observe);
      await untilEqual('static', 'True/Equal');
      const watch = await watchBackends('static');
      const begin = watch.moments.length - 1;

      await scene.redefine('static', adopt);
      await scene.untilReady('static');
      await scene.untilInSlices('static', alive);
      await eventually(async () => expect(await scene.slices('static', MIRRORED)).toEqual([]), PATIENCE);
      expect((await scene.status('static')).observed).toBeUndefined();
      expect(await scene.condition('static', 'Equal')).toBeUndefined();
      for (const moment of watch.moments.slice(begin)) {
        expect([...moment].toSorted()).toEqual(alive);
      }
    });

    it('goes over from hand-written EndpointSlices to publishing, and no client misses an address at any moment', async () => {
      await createService('sliced');
      await scene.objects.create('endpointslices', 'by-hand', {
        metadata: {
          name: 'by-hand',
          labels: {
            'kubernetes.io/service-name': 'sliced',
            'endpointslice.kubernetes.io/managed-by': 'staff',
          },
        },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['10.0.0.1'] }, { addresses: ['10.0.0.2'] }],
        ports: [{ name: 'http', port: 8080 }],
      });
      await register('sliced', '10.0.0.1', '10.0.0.2');
      await scene.define('sliced', observe);
      await untilEqual('sliced', 'True/Equal');
      const watch = await watchBackends('sliced');
      const begin = watch.moments.length - 1;

      await scene.redefine('sliced', adopt);
      await scene.untilReady('sliced');
      await eventually(async () => expect(await scene.slices('sliced', 'staff')).toEqual([]));
      await scene.untilInSlices('sliced', alive);
      await scene.untilEvent('sliced', 'Normal SlicesAdopted');
      for (const moment of watch.moments.slice(begin)) {
        expect([...moment].toSorted()).toEqual(alive);
      }
    });

    it('goes over from an ExternalName to publishing: its name leads to clients until addresses do', async () => {
      dns.names.set('shop.example.com', ['10.0.0.1', '10.0.0.2']);
      await createService('named', { type: 'ExternalName', externalName: 'shop.example.com' });
      const before = await standing();
      await register('named', '10.0.0.1');
      await scene.define('named', observe);
      await untilObserved('named', { missing: 0, superfluous: 1 });
      await register('named', '10.0.0.1', '10.0.0.2');
      await untilEqual('named', 'True/Equal');
      expect(await standing()).toEqual(before);

      const watch = await watchBackends('named');
      await scene.redefine('named', adopt);
      await scene.untilReady('named');
      await scene.untilInSlices('named', alive);
      await scene.untilEvent('named', 'Normal ServiceConverted');
      const { metadata, spec } = await scene.objects.get('services', 'named');
      expect(spec).toMatchObject({ type: 'ClusterIP', clusterIP: expect.stringMatching(/^10\./) });
      expect(spec.externalName).toBeUndefined();
      expect(JSON.parse(metadata.annotations['etcd-endpoints.io/adopted-from'])).toMatchObject({
        externalName: 'shop.example.com',
      });
      const seen = watch.moments.map((moment) => [...moment].toSorted());
      expect(seen.every((moment) => moment[0] === 'shop.example.com' || moment.length === 2)).toBe(true);
      expect(seen.at(-1)).toEqual(alive);
    });

    it('is not equal where nobody knows where an ExternalName leads', async () => {
      await createService('lost', { type: 'ExternalName', externalName: 'lost.example.com' });
      await scene.define('lost', observe);
      await untilEqual('lost', 'Unknown/NotCompared');
    });
  });
});
