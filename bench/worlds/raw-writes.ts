import type { Ground } from '../ground.ts';
import { firstAddresses, range, type Size } from '../load.ts';
import {
  callsNamespace,
  collection,
  copied,
  endpointsFor,
  ownServiceFor,
  rawNamespace,
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
    range(0, size.services).map((service) => {
      const addresses = firstAddresses(service, size);
      const marks = kinds.includes('services') ? copied : undefined;
      return kinds.map((kind) => ({
        method: 'POST',
        path: collection(kind, rawNamespace),
        body: objectOf(kind, serviceName(service), addresses, marks),
      }));
    }),
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
  return write(
    ground,
    workers,
    range(0, size.services).map((service) => [replacing(service, size)]),
  );
}

/** Makes the calls of a cold sync and keeps what they bring, and does nothing else. */
export function rawCalls(
  { access, etcdAddress: etcd, environment }: Ground,
  size: Size,
  workers: number,
): Promise<RawResult<RawCalled>> {
  const program = new URL('../raw/calls.ts', import.meta.url);
  const input = { access, etcd, workers, size, namespace: callsNamespace };
  return runRaw<RawCalls, RawCalled>(program, input, environment);
}

/** The slice of a service gets the addresses that one beyond all of them would have. */
function replacing(service: number, size: Size): RawWrite {
  const name = serviceName(service);
  return {
    method: 'PUT',
    path: `${collection('endpointslices', rawNamespace)}/${name}`,
    body: sliceFor(rawNamespace, name, firstAddresses(service + size.services, size)),
  };
}

async function write(
  { access, environment }: Ground,
  workers: number,
  jobs: readonly (readonly RawWrite[])[],
): Promise<RawResult<RawWritten>> {
  const program = new URL('../raw/writes.ts', import.meta.url);
  return await runRaw<RawWrites, RawWritten>(program, { access, workers, jobs }, environment);
}

function objectOf(
  kind: RawKind,
  name: string,
  addresses: readonly string[],
  marks: typeof copied | undefined,
): object {
  switch (kind) {
    case 'services':
      return ownServiceFor(rawNamespace, name);
    case 'endpoints':
      return endpointsFor(rawNamespace, name, addresses);
    case 'endpointslices':
      return sliceFor(rawNamespace, name, addresses, marks);
  }
}
