import { inParallel } from '../test/kit/in-parallel.ts';
import type { Ground } from './ground.ts';
import {
  address,
  collection,
  etcdServiceFor,
  keyOfInstance,
  prefix,
  serviceFor,
  serviceName,
} from './objects.ts';

/** How much there is of a world. */
export interface Size {
  readonly services: number;
  /** Of each service. */
  readonly instances: number;
}

const workers = 16;
/** etcd takes at most 128 writes in a transaction. */
const atOnce = 100;

/** Registers all instances, each under an address of its own. */
export async function register(
  { etcd }: Ground,
  { services, instances }: Size,
  below = prefix,
): Promise<void> {
  await inParallel(batches(registrations(services, instances, below)), 8, (batch) =>
    etcd.commit(new Map(batch)),
  );
}

/**
 * Makes a Service for each index, which somebody else owns: without a selector it is filled. To find free cluster IPs for thousands takes the apiserver
 * minutes; where that says nothing, they are `headless`.
 */
export function createServices(
  { api }: Ground,
  indexes: Iterable<number>,
  { headless = false } = {},
): Promise<void> {
  const more = headless ? { clusterIP: 'None' } : {};
  return inParallel(indexes, workers, (index) =>
    api.send('POST', collection('services'), serviceFor(serviceName(index), more)),
  );
}

export function createEtcdServices({ api }: Ground, indexes: Iterable<number>): Promise<void> {
  return inParallel(indexes, workers, (index) =>
    api.send('POST', collection('etcdservices'), etcdServiceFor(serviceName(index))),
  );
}

/** The addresses that a service has at first. */
export function firstAddresses(service: number, { instances }: Size): readonly string[] {
  return Array.from({ length: instances }, (_, instance) => firstAddress(service, instance, instances));
}

export function range(from: number, to: number): readonly number[] {
  return Array.from({ length: to - from }, (_, index) => from + index);
}

function firstAddress(service: number, instance: number, instances: number): string {
  return address('first', service * instances + instance);
}

function* registrations(services: number, instances: number, below: string): Iterable<[string, string]> {
  for (let service = 0; service < services; service += 1) {
    const name = serviceName(service);
    for (let instance = 0; instance < instances; instance += 1) {
      yield [keyOfInstance(name, instance, below), `${firstAddress(service, instance, instances)}:80`];
    }
  }
}

/** The items in lists that fit into a transaction. */
export function* batches<Item>(items: Iterable<Item>): Iterable<readonly Item[]> {
  let batch: Item[] = [];
  for (const item of items) {
    batch.push(item);
    if (batch.length === atOnce) {
      yield batch;
      batch = [];
    }
  }
  if (batch.length > 0) {
    yield batch;
  }
}
