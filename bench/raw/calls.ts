/**
 * Raw limit: the calls of a cold sync, and nothing between them. The keys of each Service are listed and its slice is created, so many Services at a time, and a
 * watch brings the slices. No key is watched, read or remembered.
 */
import { inParallel } from '../../test/kit/in-parallel.ts';
import { RawEtcd } from '../../test/kit/raw-etcd.ts';
import { type ApiAccess, RawApi } from './api.ts';
import { rawProgram } from './program.ts';
import type { RawWrite } from './writes.ts';

export interface RawCalls {
  readonly access: ApiAccess;
  /** `host:port` of etcd. */
  readonly etcd: string;
  readonly workers: number;
  /** Path of the collection that is written to. */
  readonly collection: string;
  readonly jobs: readonly RawCall[];
}

export interface RawCall {
  /** Of the keys of a Service. */
  readonly prefix: string;
  readonly write: RawWrite;
}

/** From the first list to the last slice that the watch has brought. */
export interface RawCalled {
  readonly ms: number;
}

rawProgram(async ({ access, etcd, workers, collection, jobs }: RawCalls): Promise<RawCalled> => {
  const [client, api] = [new RawEtcd(etcd), new RawApi(access, workers + 1)];
  await Promise.all([client.revision(), inParallel(Array(workers), workers, () => api.send('GET', '/api'))]);
  const { promise: all, resolve } = Promise.withResolvers<void>();
  let seen = 0;
  const { version } = await api.snapshot(collection);
  await api.watch(collection, version, () => {
    seen += 1;
    if (seen === jobs.length) {
      resolve();
    }
  });
  const started = performance.now();
  await inParallel(jobs, workers, async ({ prefix, write: { method, path, body } }) => {
    await client.content(prefix);
    await api.send(method, path, body);
  });
  await all;
  return { ms: performance.now() - started };
});
