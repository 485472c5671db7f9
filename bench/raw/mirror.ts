/**
 * Raw limit: the least that a controller has to do. The keys of each Service are listed and read and its slice is created; from then on a key that changes is read, and the
 * slice of its Service is replaced by what is remembered of all its keys. A watch brings the slices, so that one that somebody else has changed is written again. Each
 * publication is logged and counted. It trusts everybody: nothing is guarded, divided, told in a status, tried again or explained. Runs until it is stopped.
 */
import { isIP } from 'node:net';
import { pino } from 'pino';
import { Counter, Histogram } from 'prom-client';
import { Slots } from '../../src/kube/slots.ts';
import { inParallel } from '../../test/kit/in-parallel.ts';
import type { AnyObject } from '../../test/kit/kube-objects.ts';
import { RawEtcd } from '../../test/kit/raw-etcd.ts';
import { range, type Size } from '../load.ts';
import { collection, serviceName, sliceFor } from '../objects.ts';
import { type ApiAccess, RawApi } from './api.ts';
import { rawProgram } from './program.ts';

export interface RawMirror {
  readonly access: ApiAccess;
  /** `host:port` of etcd. */
  readonly etcd: string;
  readonly workers: number;
  readonly size: Size;
  /** Keys are `<prefix><name of the Service>/<instance>`. */
  readonly prefix: string;
  readonly namespace: string;
}

/** What is remembered of a Service. */
interface Mirrored {
  readonly name: string;
  /** Addresses by the names of their keys. */
  readonly addresses: Map<string, string>;
  /** Of its slice, as the last answer told it. */
  version: string | undefined;
  state: 'at rest' | 'waiting' | 'writing' | 'writing, and changed meanwhile';
}

const log = pino({ base: { replica: 'mirror' } }, pino.destination({ sync: false, minLength: 8192 }));
const published = new Counter({ name: 'published_total', help: 'Slices written', labelNames: ['verb'] });
const took = new Histogram({ name: 'publish_seconds', help: 'From the change to the answer' });

/** Resolves, when it begins, with the wall-clock milliseconds of that. */
rawProgram(async ({ access, etcd, workers, size, prefix, namespace }: RawMirror): Promise<number> => {
  const [client, api, slots] = [new RawEtcd(etcd), new RawApi(access, workers + 1), new Slots(workers)];
  const slices = collection('endpointslices', namespace);
  const services = new Map(
    range(0, size.services).map((index): [string, Mirrored] => {
      const name = serviceName(index);
      return [name, { name, addresses: new Map(), version: undefined, state: 'waiting' }];
    }),
  );

  const publish = async (service: Mirrored, since: number): Promise<void> => {
    service.state = 'writing';
    const { name, version } = service;
    const [verb, path] =
      version === undefined ? (['POST', slices] as const) : (['PUT', `${slices}/${name}`] as const);
    const addresses = [...service.addresses].sort(byKey).map(([, address]) => address);
    const { metadata, ...rest }: AnyObject = sliceFor(namespace, name, addresses);
    const answer = await api.send(verb, path, {
      ...rest,
      metadata: { ...metadata, resourceVersion: version },
    });
    service.version = answer['metadata'].resourceVersion;
    const seconds = (performance.now() - since) / 1000;
    published.inc({ verb });
    took.observe(seconds);
    log.info(
      { service: `${namespace}/${name}`, endpoints: addresses.length, seconds },
      'Published endpoints',
    );
    const isChanged = (service.state as Mirrored['state']) === 'writing, and changed meanwhile';
    service.state = 'at rest';
    if (isChanged) {
      changed(service);
    }
  };
  const changed = (service: Mirrored): void => {
    if (service.state === 'writing') {
      service.state = 'writing, and changed meanwhile';
    } else if (service.state === 'at rest') {
      service.state = 'waiting';
      const since = performance.now();
      void slots.run(() => publish(service, since));
    }
  };
  const read = (key: string, value: string | undefined): Mirrored | undefined => {
    const service = services.get(key.slice(prefix.length, key.lastIndexOf('/')));
    const address = value === undefined ? undefined : addressIn(value);
    if (address === undefined) {
      service?.addresses.delete(key);
    } else {
      service?.addresses.set(key, address);
    }
    return service;
  };
  const follow = async (): Promise<void> => {
    for await (const events of client.events(prefix)) {
      for (const { key, value } of events) {
        const service = read(key, value);
        if (service !== undefined) {
          changed(service);
        }
      }
    }
  };
  const compare = ({ object: { metadata } }: AnyObject): void => {
    const service = services.get(metadata.name);
    if (service?.state === 'at rest' && service.version !== metadata.resourceVersion) {
      changed(service);
    }
  };

  await Promise.all([client.revision(), inParallel(Array(workers), workers, () => api.send('GET', '/api'))]);
  await api.watch(slices, (await api.snapshot(slices)).version, compare);
  void follow();
  const startedAt = Date.now();
  void inParallel(services.values(), workers, async (service) => {
    const since = performance.now();
    for (const [key, { value }] of await client.content(`${prefix}${service.name}/`)) {
      read(key, value.toString('latin1'));
    }
    await publish(service, since);
  });
  return startedAt;
});

/** The address of `host:port`; undefined where that is none. */
function addressIn(value: string): string | undefined {
  const colon = value.lastIndexOf(':');
  const [host, port] = [value.slice(0, colon), Number(value.slice(colon + 1))];
  return isIP(host) !== 0 && Number.isInteger(port) && port > 0 && port < 65_536 ? host : undefined;
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
