/** The same work done by Kubernetes's own EndpointSlice controller: Services with selectors, and Pods for instances. */
import { startControllerManager } from '../../dev/control-plane/controller-manager.ts';
import { inParallel } from '../../test/kit/in-parallel.ts';
import { type Ground, openGround } from '../ground.ts';
import { firstAddresses, range, type Size } from '../load.ts';
import { address, collection, namespace, serviceFor, serviceName } from '../objects.ts';
import { megabytes, milliseconds, perSecond, quantile } from '../report.ts';
import { latencies, SlicesSeen } from '../slices-seen.ts';
import { usageOf } from '../subject.ts';
import { openIn, type Run, type World } from '../world.ts';

const node = 'node';
/** Its own limits of 50 requests a second would hide what it can do. */
const unlimited = ['--kube-api-qps=-1', '--kube-api-burst=-1'];

export const kubernetes: World = {
  name: 'Kubernetes’s own EndpointSlice controller',
  ids: ['kubernetes'],
  async measure(run) {
    if (run.binaries.kubeControllerManager === undefined) {
      run.say('there is no kube-controller-manager: left out');
      return;
    }
    const size = { services: run.scaled(1000, 10), instances: 10 };
    const ground = await openIn(run, openGround(run));
    run.say('making Services and Pods');
    await createPods(ground, size);
    const seen = await SlicesSeen.watch(ground.api);
    run.cleanup.defer(() => seen.end());
    const started = performance.now();
    const manager = await openIn(
      run,
      startControllerManager(run.binaries, ground.plane.credentials, ['endpointslice'], unlimited),
    );
    const ms = (await seen.until((slices) => areWhole(slices, size))) - started;
    const row = { id: 'kubernetes', raw: '', goal: 'printed' };
    const where = `${size.services} × ${size.instances}`;
    run.tell({
      ...row,
      what: `Kubernetes’s EndpointSlice controller: cold sync of ${where}, from the start of the process`,
      ours: `${perSecond(size.services, ms)}, ${milliseconds(ms)}`,
    });
    const { residentBytes } = await usageOf(manager.pid);
    run.tell({
      ...row,
      what: `Kubernetes’s EndpointSlice controller: memory at ${where}`,
      ours: megabytes(residentBytes),
    });
    await latency(run, ground, size, seen);
    await burst(run, ground, size, seen);
  },
};

async function latency(run: Run, ground: Ground, size: Size, seen: SlicesSeen): Promise<void> {
  const count = run.scaled(500, 100);
  run.say(`${count} changes, one after the other`);
  const change = (from: number): Promise<readonly number[]> =>
    latencies(seen, from === 0 ? 50 : count, (index) => {
      const ip = address('changed', from + index);
      const service = ((from + index) * 37) % size.services;
      return { address: ip, acknowledged: setAddress(ground.api, { service, instance: 0 }, ip) };
    });
  await change(0);
  const times = await change(50);
  for (const [name, part] of [
    ['p50', 0.5],
    ['p99', 0.99],
  ] as const) {
    run.tell({
      id: 'kubernetes',
      what: `Kubernetes’s EndpointSlice controller: one change of a Pod’s address → a slice watcher sees it, ${name}`,
      ours: milliseconds(quantile(times, part)),
      raw: '',
      goal: 'ours is below it',
    });
  }
}

async function burst(run: Run, ground: Ground, size: Size, seen: SlicesSeen): Promise<void> {
  run.say('one change in each Service at once');
  const all = range(0, size.services).map((service) => seen.address(address('changed', 20_000 + service)));
  const started = performance.now();
  await inParallel(range(0, size.services), 32, (service) =>
    setAddress(ground.api, { service, instance: 1 }, address('changed', 20_000 + service)),
  );
  run.tell({
    id: 'kubernetes',
    what: `Kubernetes’s EndpointSlice controller: one change in each of ${size.services} Services, from the first to the last one seen`,
    ours: milliseconds(Math.max(...(await Promise.all(all))) - started),
    raw: '',
    goal: 'printed',
  });
}

async function createPods({ api }: Ground, size: Size): Promise<void> {
  await api.send('POST', '/api/v1/nodes', { metadata: { name: node } });
  await inParallel(range(0, size.services), 16, async (service) => {
    const app = serviceName(service);
    await api.send('POST', collection('services'), serviceFor(app, { selector: { app } }));
    for (const [instance, ip] of firstAddresses(service, size).entries()) {
      await api.send('POST', collection('pods'), podOf({ service, instance }));
      await setAddress(api, { service, instance }, ip);
    }
  });
}

interface Place {
  readonly service: number;
  readonly instance: number;
}

/** The Pod runs, and has that address. Its labels go with it: who writes a status of a Pod writes them as well. */
function setAddress(api: Ground['api'], place: Place, ip: string): Promise<unknown> {
  const pod = podOf(place);
  const conditions = [{ type: 'Ready', status: 'True' }];
  const status = { phase: 'Running', conditions, podIP: ip, podIPs: [{ ip }] };
  return api.send('PUT', `${collection('pods')}/${pod.metadata.name}/status`, { ...pod, status });
}

function podOf({ service, instance }: Place) {
  const app = serviceName(service);
  return {
    metadata: { name: `${app}-${instance}`, namespace, labels: { app } },
    spec: { nodeName: node, containers: [{ name: 'main', image: 'none' }] },
  };
}

/** It makes slices as soon as it sees Services, perhaps before it sees all their Pods. */
function areWhole(slices: ReadonlyMap<string, readonly string[]>, { services, instances }: Size): boolean {
  return slices.size === services && [...slices.values()].every(({ length }) => length === instances);
}
