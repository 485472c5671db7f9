import { beforeAll, expect, it, onTestFinished } from 'vitest';
import type { EtcdServiceInput } from '../../src/api/etcd-service.ts';
import { writesOf } from '../kit/audit.ts';
import { eventually } from '../kit/eventually.ts';
import type { AnyObject } from '../kit/kube-objects.ts';
import { type Expected, jsonPaths, linesOf, type ModelSpec } from '../kit/model-registry.ts';
import { describeNeeding } from '../kit/needs.ts';
import { type ModelService, RandomChanges } from '../kit/random-changes.ts';
import { addressesOf, type Scene, startScene } from '../kit/scene.ts';
import { SlicesWatch } from '../kit/slices-watch.ts';

/** `RANDOM_CHANGES_SEED=7 RANDOM_CHANGES=5000 npx vitest run test/controller/random-changes.test.ts` makes the same changes again, or more of them. */
const { RANDOM_CHANGES_SEED = '1', RANDOM_CHANGES = '1000' } = process.env;
const seed = Number(RANDOM_CHANGES_SEED);
const changes = Number(RANDOM_CHANGES);
/** Changes that are made before it is waited for what comes of them. */
const batchSize = 30;
/** Every so many batches the specs of some services change instead. */
const specEvery = 5;
const maxEndpoints = 5;
const names = ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta'];
/** What is written by the controller alone, but for the specs. */
const written = ['endpointslices', 'endpoints', 'services', 'etcdservices'];

function inputOf({ ports, env, hints, headless }: ModelSpec): Partial<EtcdServiceInput> {
  return {
    format: 'json',
    json: jsonPaths,
    service: { type: headless ? 'Headless' : 'ClusterIP' },
    ports:
      typeof ports === 'number'
        ? [{ name: 'http', port: 80, targetPort: ports }]
        : ports.map((name, index) => ({ name, port: 80 + index, targetPort: name })),
    filter: env === undefined ? {} : { matchMetadata: { env } },
    topology: { zone: { path: '.zone' }, hints: hints ? 'Zone' : 'None' },
  };
}

/** An endpoint as text: what slices say of it, and what they should. */
function textOf({ address, ports, ready, zone, hint, hostname }: Expected): string {
  return `${address} ${ports} ready=${ready} zone=${zone} hint=${hint} hostname=${hostname}`;
}

function textsIn({ endpoints, ports }: AnyObject): readonly string[] {
  const portsText = (ports ?? []).map(({ name, port }: AnyObject) => `${name}:${port}`).join();
  return (endpoints ?? []).map(({ addresses, conditions, zone = '', hints, hostname = '' }: AnyObject) => {
    expect(addresses).toHaveLength(1);
    const hint = (hints?.forZones ?? []).map(({ name }: AnyObject) => name).join();
    return textOf({ address: addresses[0], ports: portsText, ready: conditions.ready, zone, hint, hostname });
  });
}

describeNeeding('discovery.k8s.io/v1', 'what is published', () => {
  let scene: Scene;
  let lease: string;

  beforeAll(async () => {
    // The guard asks about every deletion; the lease of all lives, so that each was deleted by somebody and none is held.
    const guard = ['--guard-ignore-below=1', '--guard-max-removal-percent=1'];
    scene = await startScene({ args: [`--max-endpoints-per-slice=${maxEndpoints}`, ...guard] });
    lease = await scene.registrar.etcd.grant(3600);
    return () => scene.stop();
  });

  /** Counts what a watcher sees of each object, as `endpointslices alpha-x`. */
  async function countEvents(): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for (const plural of written) {
      const end = await scene.objects.follow(plural, '', ({ object }) => {
        const id = `${plural} ${object.metadata.name}`;
        counts.set(id, (counts.get(id) ?? 0) + 1);
      });
      onTestFinished(end);
    }
    return counts;
  }

  /** Returns once the slices and the Endpoints of every service are what the model says. */
  async function untilEqual(services: readonly ModelService[]): Promise<void> {
    await eventually(
      async () => {
        const slices = Map.groupBy(
          await scene.objects.list('endpointslices'),
          ({ metadata }) => metadata.labels['kubernetes.io/service-name'],
        );
        const endpoints = new Map(
          (await scene.objects.list('endpoints')).map((object) => [object.metadata.name, object]),
        );
        for (const { name, model } of services) {
          const own = slices.get(name) ?? [];
          const expected = model.expected();
          expect(own.flatMap(textsIn).toSorted(), name).toEqual(expected.map(textOf).toSorted());
          expect(own.length, `${name} has at least one slice`).toBeGreaterThan(0);
          for (const { addressType, endpoints: held } of own) {
            expect((held ?? []).length, name).toBeLessThanOrEqual(maxEndpoints);
            const families = (held ?? []).map(({ addresses }: AnyObject) => familyOf(addresses[0]));
            expect(families.every((family: string) => family === addressType)).toBe(true);
          }
          const inFirst = expected.filter(({ address }) => familyOf(address) === 'IPv4');
          expect(addressesOf(endpoints.get(name)), name).toEqual(inFirst.flatMap(linesOf).toSorted());
        }
      },
      { timeoutMs: 20_000, intervalMs: 50 },
    );
  }

  it(`equals a model after each batch of ${changes} random changes, misses nothing that is alive, and no write changes nothing (seed ${seed})`, {
    retry: 0,
    timeout: 120_000,
  }, async () => {
    const random = new RandomChanges(names, seed);
    const { services } = random;
    const events = await countEvents();
    const byHand = new Map<string, number>();
    const noteByHand = (name: string): void => {
      byHand.set(`etcdservices ${name}`, (byHand.get(`etcdservices ${name}`) ?? 0) + 1);
    };
    const watches = new Map<string, SlicesWatch>();
    for (const { name, model } of services) {
      watches.set(name, await SlicesWatch.start(scene.objects, name));
      await scene.define(name, inputOf(model.spec));
      noteByHand(name);
    }
    onTestFinished(() => {
      for (const watch of watches.values()) {
        watch.end();
      }
    });
    await untilEqual(services);

    /** Makes changes and returns when they have been published; whoever is ready all the while is reachable all the while. */
    const batch = async (steps: AsyncIterable<void>): Promise<void> => {
      const alive = new Map(services.map(({ name, model }) => [name, model.readyLines()]));
      const begin = new Map(services.map(({ name }) => [name, (watches.get(name)?.moments.length ?? 0) - 1]));
      for await (const _ of steps) {
        for (const { name, model } of services) {
          alive.set(name, model.readyLines().intersection(alive.get(name) ?? new Set()));
        }
      }
      await untilEqual(services);
      for (const { name, model } of services) {
        const watch = watches.get(name) as SlicesWatch;
        const all = new Set(model.expected().flatMap(linesOf));
        await eventually(() => expect(watch.reachable).toEqual(all));
        const missing = watch.missingSince(Math.max(0, begin.get(name) ?? 0), [...(alive.get(name) ?? [])]);
        expect(missing, `missed in ${name}`).toEqual([]);
      }
    };

    /** Changes that stand in the model when they have been told of, and are being written. */
    const registrations = async function* (count: number): AsyncGenerator<void> {
      for (let done = 0; done < count; done += 1) {
        for (const { key, value } of random.change()) {
          yield;
          await (value === undefined
            ? scene.registrar.delete(key)
            : scene.registrar.etcd.put(key, value, lease));
        }
      }
    };
    const specs = async function* (): AsyncGenerator<void> {
      const { name, model } = random.respecify();
      yield;
      await scene.redefine(name, inputOf(model.spec));
      noteByHand(name);
    };

    for (let done = 0, round = 1; done < changes; round += 1) {
      const count = round % specEvery === 0 ? 1 : Math.min(batchSize, changes - done);
      await batch(round % specEvery === 0 ? specs() : registrations(count));
      done += count;
    }

    await scene.controller.untilIdle();
    await eventually(async () => expect(events).toEqual(await writesByObject(byHand)));
    const standing = (await scene.objects.list('endpointslices')).length;
    const { controller } = scene;
    expect(await controller.metric('etcd_endpoints_holds_total')).toBe(0);
    expect(await controller.metric('etcd_endpoints_num_endpoint_slices')).toBe(standing);
    const packed = await controller.metric('etcd_endpoints_desired_endpoint_slices');
    expect(packed).toBeLessThanOrEqual(standing);
    expect(packed).toBeGreaterThanOrEqual(names.length);
  });

  /** How often each object was written: by the controller, where the apiserver took it, and by hand. */
  async function writesByObject(byHand: ReadonlyMap<string, number>): Promise<ReadonlyMap<string, number>> {
    const counts = new Map(byHand);
    for (const { resource, name, namespace, code } of await writesOf(scene.controller)) {
      const id = `${resource.replace('/status', '')} ${name}`;
      if (code < 300 && namespace === scene.namespace) {
        counts.set(id, (counts.get(id) ?? 0) + 1);
      }
    }
    return counts;
  }
});

function familyOf(address: string): string {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}
