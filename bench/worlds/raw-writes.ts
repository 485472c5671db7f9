import type { Ground } from '../ground.ts';
import { firstAddresses, range, type Size } from '../load.ts';
import {
  callsNamespace,
  collection,
  endpointsFor,
  prefix,
  rawNamespace,
  serviceFor,
  serviceName,
  sliceFor,
} from '../objects.ts';
import type { RawCalled, RawCalls } from '../raw/calls.ts';
import { type RawResult, runRaw } from '../raw/program.ts';
import type { RawWrite, RawWrites, RawWritten } from '../raw/writes.ts';

/** What a raw program writes of each service, in this order. */
export type RawKind = 'services' | 'endpoints' | 'endpointslices';

/** Creates what a controller would create of these kinds, with so many requests at a time. */
export function rawCreate(
  ground: Ground,
  size: Size,
  workers: number,
  kinds: readonly RawKind[],
): Promise<RawResult<RawWritten>> {
  return write(
    ground,
    workers,
    range(0, size.services).map((service) =>
      kinds.map((kind) => ({
        method: 'POST',
        path: collection(kind, rawNamespace),
        body: objectOf(kind, service, size),
      })),
    ),
  );
}

/** Deletes what {@link rawCreate} has made: where there are Services already, another one takes the apiserver longer. */
export async function rawDelete({ api }: Ground, kinds: readonly RawKind[]): Promise<void> {
  for (const kind of kinds) {
    await api.send('DELETE', collection(kind, rawNamespace));
  }
}

/** Replaces the slices that {@link rawCreate} has made, each by one with other addresses. */
export function rawReplace(ground: Ground, size: Size, workers: number): Promise<RawResult<RawWritten>> {
  const shifted = (service: number): object =>
    objectOf('endpointslices', service, size, firstAddresses(service + size.services, size));
  return write(
    ground,
    workers,
    range(0, size.services).map((service) => [
      {
        method: 'PUT',
        path: `${collection('endpointslices', rawNamespace)}/${serviceName(service)}`,
        body: shifted(service),
      },
    ]),
  );
}

/** Makes the calls of a cold sync, and nothing else. */
export async function rawCalls(
  { access, etcdAddress: etcd }: Ground,
  size: Size,
  workers: number,
): Promise<RawResult<RawCalled>> {
  const path = collection('endpointslices', callsNamespace);
  const jobs = range(0, size.services).map((service) => {
    const name = serviceName(service);
    const body = sliceFor(callsNamespace, name, firstAddresses(service, size));
    return { prefix: `${prefix}${name}/`, write: { method: 'POST' as const, path, body } };
  });
  const program = new URL('../raw/calls.ts', import.meta.url);
  return await runRaw<RawCalls, RawCalled>(program, { access, etcd, workers, collection: path, jobs });
}

async function write(
  { access }: Ground,
  workers: number,
  jobs: readonly (readonly RawWrite[])[],
): Promise<RawResult<RawWritten>> {
  const program = new URL('../raw/writes.ts', import.meta.url);
  return await runRaw<RawWrites, RawWritten>(program, { access, workers, jobs });
}

function objectOf(
  kind: RawKind,
  service: number,
  size: Size,
  addresses = firstAddresses(service, size),
): object {
  const name = serviceName(service);
  switch (kind) {
    case 'services':
      return serviceFor(name, {}, rawNamespace);
    case 'endpoints':
      return endpointsFor(rawNamespace, name, addresses);
    case 'endpointslices':
      return sliceFor(rawNamespace, name, addresses);
  }
}
