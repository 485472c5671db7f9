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

/** Resolves, when it begins to list, with the wall-clock milliseconds of that. */
rawProgram(async (input: RawMirror): Promise<number> => {
  const mirror = new Mirror(input);
  await mirror.connect();
  const startedAt = Date.now();
  void mirror.follow();
  void mirror.list();
  return startedAt;
});

/** What is remembered of a Service. */
interface Mirrored {
  readonly name: string;
  /** By the keys that announce them. */
  readonly addresses: Map<string, string>;
  /** Of its slice, as the last answer told it. */
  version: string | undefined;
  state: 'at rest' | 'waiting' | 'writing' | 'writing, and changed meanwhile';
}

class Mirror {
  readonly #input: RawMirror;
  readonly #etcd: RawEtcd;
  readonly #api: RawApi;
  readonly #slots: Slots;
  readonly #slices: string;
  readonly #services: ReadonlyMap<string, Mirrored>;
  readonly #log = pino({ base: { replica: 'mirror' } }, pino.destination({ sync: false, minLength: 8192 }));
  readonly #published = new Counter({
    name: 'published_total',
    help: 'Slices written',
    labelNames: ['verb'],
  });
  readonly #took = new Histogram({ name: 'publish_seconds', help: 'From the change to the answer' });

  constructor(input: RawMirror) {
    const { access, etcd, workers, size, namespace } = input;
    this.#input = input;
    this.#etcd = new RawEtcd(etcd);
    this.#api = new RawApi(access, workers + 1);
    this.#slots = new Slots(workers);
    this.#slices = collection('endpointslices', namespace);
    const names = range(0, size.services).map(serviceName);
    this.#services = new Map(names.map((name) => [name, newMirrored(name)]));
  }

  /** All connections stand, and slices are watched. */
  async connect(): Promise<void> {
    const { workers } = this.#input;
    const asked = inParallel(Array(workers), workers, () => this.#api.send('GET', '/api'));
    await Promise.all([this.#etcd.revision(), asked]);
    const { version } = await this.#api.snapshot(this.#slices);
    await this.#api.watch(this.#slices, version, (event) => this.#compare(event));
  }

  async follow(): Promise<void> {
    for await (const events of this.#etcd.events(this.#input.prefix)) {
      for (const { key, value } of events) {
        this.#changed(this.#read(key, value));
      }
    }
  }

  async list(): Promise<void> {
    const { prefix, workers } = this.#input;
    await inParallel(this.#services.values(), workers, async (service) => {
      const since = performance.now();
      for (const [key, { value }] of await this.#etcd.content(`${prefix}${service.name}/`)) {
        this.#read(key, value.toString('latin1'));
      }
      await this.#publish(service, since);
    });
  }

  /** Remembers what a key says, and returns whose it is. */
  #read(key: string, value: string | undefined): Mirrored | undefined {
    const service = this.#services.get(key.slice(this.#input.prefix.length, key.lastIndexOf('/')));
    const address = value === undefined ? undefined : addressIn(value);
    if (address === undefined) {
      service?.addresses.delete(key);
    } else {
      service?.addresses.set(key, address);
    }
    return service;
  }

  #compare({ object: { metadata } }: AnyObject): void {
    const service = this.#services.get(metadata.name);
    if (service?.version !== metadata.resourceVersion && service?.state === 'at rest') {
      this.#changed(service);
    }
  }

  #changed(service: Mirrored | undefined): void {
    if (service?.state === 'writing') {
      service.state = 'writing, and changed meanwhile';
    } else if (service?.state === 'at rest') {
      service.state = 'waiting';
      const since = performance.now();
      void this.#slots.run(() => this.#publish(service, since));
    }
  }

  async #publish(service: Mirrored, since: number): Promise<void> {
    service.state = 'writing';
    const addresses = [...service.addresses].sort(byKey).map(([, address]) => address);
    const verb = await this.#write(service, addresses);
    const seconds = (performance.now() - since) / 1000;
    this.#published.inc({ verb });
    this.#took.observe(seconds);
    this.#log.info({ service: service.name, endpoints: addresses.length, seconds }, 'Published endpoints');
    const isChanged = isChangedMeanwhile(service);
    service.state = 'at rest';
    if (isChanged) {
      this.#changed(service);
    }
  }

  async #write(service: Mirrored, addresses: readonly string[]): Promise<'POST' | 'PUT'> {
    const { name, version: resourceVersion } = service;
    const { metadata, ...rest }: AnyObject = sliceFor(this.#input.namespace, name, addresses);
    const slice = { ...rest, metadata: { ...metadata, resourceVersion } };
    const verb = resourceVersion === undefined ? 'POST' : 'PUT';
    const path = verb === 'POST' ? this.#slices : `${this.#slices}/${name}`;
    service.version = (await this.#api.send(verb, path, slice))['metadata'].resourceVersion;
    return verb;
  }
}

function newMirrored(name: string): Mirrored {
  return { name, addresses: new Map(), version: undefined, state: 'waiting' };
}

function isChangedMeanwhile({ state }: Mirrored): boolean {
  return state === 'writing, and changed meanwhile';
}

/** The address of `host:port`; undefined where that is none. */
function addressIn(value: string): string | undefined {
  const colon = value.lastIndexOf(':');
  const [host, port] = [value.slice(0, colon), Number(value.slice(colon + 1))];
  return isIP(host) !== 0 && Number.isInteger(port) && port > 0 && port < 65_536 ? host : undefined;
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}
