/** Raw limit: the given objects, created (POST) or replaced (PUT), so many at a time over pooled connections. */
import { inParallel } from '../../test/kit/in-parallel.ts';
import { type ApiAccess, RawApi } from './api.ts';
import { rawProgram } from './program.ts';

export interface RawWrites {
  readonly access: ApiAccess;
  readonly workers: number;
  /** Lists of requests; those of one list follow each other. */
  readonly jobs: readonly (readonly RawWrite[])[];
}

export interface RawWrite {
  readonly method: 'POST' | 'PUT';
  readonly path: string;
  readonly body: object;
}

/** From the first request to the last answer. */
export interface RawWritten {
  readonly ms: number;
}

rawProgram(async ({ access, workers, jobs }: RawWrites): Promise<RawWritten> => {
  const api = new RawApi(access, workers);
  // The connections stand before the clock starts, as those of a controller do.
  await inParallel(Array(workers), workers, () => api.send('GET', '/api'));
  const started = performance.now();
  await inParallel(jobs, workers, async (job) => {
    for (const { method, path, body } of job) {
      await api.send(method, path, body);
    }
  });
  return { ms: performance.now() - started };
});
