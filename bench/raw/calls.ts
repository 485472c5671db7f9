/**
 * Raw limit: the calls of a cold sync, and nothing between them. The keys of each Service are listed and its slice is created, so many Services at a time, and a
 * watch brings the slices. What comes is kept as the client libraries bring it; no key is watched and no value read.
 */
import { inParallel } from '../../test/kit/in-parallel.ts';
import { RawEtcd } from '../../test/kit/raw-etcd.ts';
import { type LoopDelay, watchDelays } from '../delays.ts';
import { firstAddresses, range, type Size } from '../load.ts';
import { collection, prefix, serviceName, sliceFor } from '../objects.ts';
import { type ApiAccess, RawApi } from './api.ts';
import { rawProgram } from './program.ts';
import { watched } from './watched.ts';

export interface RawCalls {
  readonly access: ApiAccess;
  /** `host:port` of etcd. */
  readonly etcd: string;
  readonly workers: number;
  readonly size: Size;
  /** Where the slices are made. */
  readonly namespace: string;
}

/** From the first list to the last slice that the watch has brought. */
export interface RawCalled {
  readonly ms: number;
  readonly delay: LoopDelay;
}

rawProgram(async ({ access, etcd, workers, size, namespace }: RawCalls): Promise<RawCalled> => {
  const [client, api] = [new RawEtcd(etcd), new RawApi(access, workers + 1)];
  await Promise.all([client.revision(), inParallel(Array(workers), workers, () => api.send('GET', '/api'))]);
  const kept: unknown[] = [];
  const keep = (what: unknown): unknown => kept.push(what);
  const slices = collection('endpointslices', namespace);
  const { all } = await watched(api, slices, size.services, keep);
  const delays = watchDelays();
  const started = performance.now();
  await inParallel(range(0, size.services), workers, async (service) => {
    const name = serviceName(service);
    keep(await client.content(`${prefix}${name}/`));
    await api.send('POST', slices, sliceFor(namespace, name, firstAddresses(service, size)));
  });
  await all;
  return { ms: performance.now() - started, delay: delays() };
});
