import { afterEach, beforeAll, expect, it, onTestFinished } from 'vitest';
import { startControllerManager } from '../../dev/control-plane/controller-manager.ts';
import type { PublishKind } from '../../src/api/etcd-service.ts';
import { servers } from '../kit/control-plane.ts';
import { installCrd } from '../kit/crd.ts';
import { eventually } from '../kit/eventually.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type OwnPlane, startOwnPlane } from '../kit/own-plane.ts';
import type { Scene } from '../kit/scene.ts';
import { SlicesWatch } from '../kit/slices-watch.ts';

/** Kubernetes's own controllers take a moment to begin, and theirs is not our pace. */
const PATIENCE = { timeoutMs: 40_000, intervalMs: 50 };

const OURS = 'etcd-endpoints.io';
const MIRRORED = 'endpointslicemirroring-controller.k8s.io';
const SKIP_MIRROR = 'endpointslice.kubernetes.io/skip-mirror';

type Kinds = PublishKind[];
const endpoints: Kinds = ['Endpoints'];
const both: Kinds = ['Endpoints', 'EndpointSlice'];
const slices: Kinds = ['EndpointSlice'];

describeNeeding('discovery.k8s.io/v1', 'what is published', () => {
  describeNeeding('kube-controller-manager', 'beside the controllers of Kubernetes', () => {
    let own: OwnPlane;
    let scene: Scene;

    beforeAll(async () => {
      own = await startOwnPlane();
      ({ scene } = own);
      await installCrd(own.plane.credentials);
      const manager = await startControllerManager(servers().binaries, own.plane.credentials, [
        'garbagecollector',
        'endpoint',
        'endpointslice',
        'endpointslicemirroring',
      ]);
      return async () => {
        await manager.stop();
        await own.stop();
      };
    });

    afterEach(() => scene.controller.kill());

    const address = (n: number): string => `10.0.${n >> 8}.${n & 255}:80`;

    async function register(name: string, ...instances: readonly number[]): Promise<void> {
      await scene.registrar.put(
        Object.fromEntries(instances.map((n) => [`/services/${name}/${n}`, address(n)])),
      );
    }

    async function watchSlices(name: string): Promise<SlicesWatch> {
      const watch = await SlicesWatch.start(scene.objects, name);
      onTestFinished(() => watch.end());
      return watch;
    }

    /** Returns once these kinds are published and nothing of another, with exactly these addresses. */
    async function untilKinds(
      name: string,
      kinds: Kinds,
      watch: SlicesWatch,
      alive: readonly string[],
    ): Promise<void> {
      await eventually(async () => {
        const object = await scene.objects.get('endpoints', name);
        expect(object !== undefined).toBe(kinds.includes('Endpoints'));
        expect(object?.metadata.labels[SKIP_MIRROR]).toBe(kinds === both ? 'true' : undefined);
        expect(watch.managers).toEqual([kinds.includes('EndpointSlice') ? OURS : MIRRORED]);
        expect([...watch.reachable].toSorted()).toEqual(alive.toSorted());
      }, PATIENCE);
      if (kinds.includes('Endpoints')) {
        await scene.untilPublished(name, alive);
      }
    }

    async function redefine(name: string, publish: Kinds): Promise<void> {
      await scene.redefine(name, { publish });
      await scene.untilReady(name);
    }

    const rounds: readonly Kinds[] = [both, slices, both, endpoints, slices, endpoints];

    it('stays reachable at every moment while spec.publish goes through all kinds', async () => {
      await scene.startController();
      const alive = [1, 2, 3].map(address);
      await register('rounds', 1, 2, 3);
      await scene.define('rounds', { publish: endpoints });
      const watch = await watchSlices('rounds');
      await untilKinds('rounds', endpoints, watch, alive);
      const begin = watch.moments.length - 1;
      for (const kinds of rounds) {
        await redefine('rounds', kinds);
        await untilKinds('rounds', kinds, watch, alive);
      }
      expect(watch.missingSince(begin, alive)).toEqual([]);
    });

    it('keeps what lives and follows what changes meanwhile, in several slices', async () => {
      await scene.startController(['--max-endpoints-per-slice=4', '--guard=off']);
      const stable = Array.from({ length: 18 }, (_, n) => n + 1);
      await register('busy', ...stable);
      await scene.define('busy', { publish: endpoints });
      const watch = await watchSlices('busy');
      await untilKinds('busy', endpoints, watch, stable.map(address));
      const begin = watch.moments.length - 1;
      let next = 1000;
      for (const kinds of rounds) {
        await scene.redefine('busy', { publish: kinds });
        // One comes with every step, and the one before goes.
        for (let step = 0; step < 8; step += 1) {
          await register('busy', next);
          await scene.registrar.delete(`/services/busy/${next - 1}`);
          next += 1;
        }
        await untilKinds('busy', kinds, watch, [...stable, next - 1].map(address));
      }
      expect(watch.missingSince(begin, stable.map(address))).toEqual([]);
    });

    it('stays reachable also when the controller is killed while it switches', async () => {
      await scene.startController(['--max-endpoints-per-slice=2']);
      const alive = Array.from({ length: 12 }, (_, n) => address(n + 1));
      await register('killed', ...alive.keys().map((n) => n + 1));
      await scene.define('killed', { publish: endpoints });
      const watch = await watchSlices('killed');
      await untilKinds('killed', endpoints, watch, alive);
      const begin = watch.moments.length - 1;
      for (const kinds of rounds) {
        const before = await scene.controller.metric('etcd_endpoints_writes_total');
        await scene.redefine('killed', { publish: kinds });
        // In the midst: something has been written, and mostly not all.
        await eventually(
          async () =>
            expect(await scene.controller.metric('etcd_endpoints_writes_total')).toBeGreaterThan(before),
          { ...PATIENCE, intervalMs: 1 },
        );
        await scene.restartController();
        await untilKinds('killed', kinds, watch, alive);
      }
      expect(watch.missingSince(begin, alive)).toEqual([]);
    });

    it('gets slices beside Endpoints when a controller comes that publishes both, and loses them when one comes that does not', async () => {
      await scene.startController(['--publish=Endpoints']);
      const alive = [1, 2].map(address);
      await register('upgraded', 1, 2);
      await scene.define('upgraded');
      const watch = await watchSlices('upgraded');
      await untilKinds('upgraded', endpoints, watch, alive);
      const begin = watch.moments.length - 1;
      await scene.controller.stop();
      await scene.startController();
      await untilKinds('upgraded', both, watch, alive);
      await scene.controller.stop();
      await scene.startController(['--publish=Endpoints']);
      await untilKinds('upgraded', endpoints, watch, alive);
      expect(watch.missingSince(begin, alive)).toEqual([]);
    });

    it('has slices first where it is new, and Endpoints that Kubernetes never mirrors', async () => {
      await scene.startController();
      const watch = await watchSlices('fresh');
      const seen = await scene.objects.watch('endpoints', 'fresh');
      onTestFinished(() => seen.end());
      await register('fresh', 1);
      await scene.define('fresh');
      await untilKinds('fresh', both, watch, [address(1)]);
      expect(seen.states[0].metadata.labels[SKIP_MIRROR]).toBe('true');
      // An Endpoints object that Kubernetes has mirrored since then shows that it has seen ours as well.
      await register('later', 1);
      await scene.define('later', { publish: endpoints });
      await untilKinds('later', endpoints, await watchSlices('later'), [address(1)]);
      expect(watch.managers).toEqual([OURS]);
    });

    it('is collected with its EtcdService, slices too', async () => {
      await scene.startController();
      await scene.defineWith('collected', ['10.0.0.1:80']);
      await scene.objects.delete('etcdservices', 'collected');
      await eventually(async () => {
        expect(await scene.slices('collected')).toEqual([]);
        expect(await scene.objects.get('endpoints', 'collected')).toBeUndefined();
      }, PATIENCE);
    });

    it('passes with its slices to the younger EtcdService in place, and is never out of reach', async () => {
      await scene.startController();
      await scene.defineWith('elder', ['10.0.0.1:80'], { service: { name: 'shared' } });
      const { metadata } = await scene.objects.get('etcdservices', 'elder');
      await eventually(() =>
        expect(Date.now()).toBeGreaterThan(Date.parse(metadata.creationTimestamp) + 1000),
      );
      await scene.registrar.put({
        '/services/younger/1': '10.0.0.1:80',
        '/services/younger/2': '10.0.0.2:80',
      });
      await scene.define('younger', { service: { name: 'shared' } });
      await scene.untilReady('younger', 'False/ServiceConflict');
      await eventually(async () => {
        const [slice] = await scene.slices('shared');
        expect(slice.metadata.ownerReferences).toHaveLength(2);
      });
      const watch = await watchSlices('shared');
      await scene.objects.delete('etcdservices', 'elder');
      await scene.untilReady('younger');
      await scene.untilInSlices('shared', ['10.0.0.1:80', '10.0.0.2:80']);
      // The collector has looked at all that the elder owned once it has taken another thing of its time.
      await scene.defineWith('witness', ['10.0.0.1:80']);
      await scene.objects.delete('etcdservices', 'witness');
      await eventually(async () => expect(await scene.slices('witness')).toEqual([]), PATIENCE);
      expect(await scene.publishedInSlices('shared')).toEqual(['10.0.0.1:80', '10.0.0.2:80']);
      expect(watch.missingSince(0, ['10.0.0.1:80'])).toEqual([]);
    });
  });
});
