/**
 * Raw limit: the calls of a burst, and nothing between them. Keys are put, a watch on etcd brings them, for each the slice of its Service is replaced, so many at
 * a time, and a watch brings the slices.
 */
import { Slots } from '../../src/kube/slots.ts';
import { inParallel } from '../../test/kit/in-parallel.ts';
import { RawEtcd } from '../../test/kit/raw-etcd.ts';
import { type ApiAccess, RawApi } from './api.ts';
import { rawProgram } from './program.ts';
import { watched } from './watched.ts';
import type { RawWrite } from './writes.ts';

export interface RawChanges {
  readonly access: ApiAccess;
  /** `host:port` of etcd. */
  readonly etcd: string;
  readonly workers: number;
  /** Path of the collection that is written to. */
  readonly collection: string;
  /** Keys and values, each list in one transaction. */
  readonly puts: readonly (readonly (readonly [string, string])[])[];
  /** What follows from each key. */
  readonly writes: Readonly<Record<string, RawWrite>>;
}

/** From the first put to the last slice that the watch has brought. */
export interface RawChanged {
  readonly ms: number;
}

rawProgram(async (input: RawChanges): Promise<RawChanged> => {
  const { access, etcd, workers, collection, puts, writes } = input;
  const [client, api, slots] = [new RawEtcd(etcd), new RawApi(access, workers + 1), new Slots(workers)];
  await inParallel(Array(workers), workers, () => api.send('GET', '/api'));
  const count = Object.keys(writes).length;
  const { all } = await watched(api, collection, count);
  const following = client.follow((await client.revision()) + 1);
  // The first response says that the watch stands.
  await following.next();
  const started = performance.now();
  const sent: Promise<unknown>[] = [inParallel(puts, 8, (batch) => client.commit(new Map(batch)))];
  for await (const events of following) {
    for (const { key } of events) {
      const write = writes[key];
      if (write !== undefined) {
        sent.push(slots.run(() => api.send(write.method, write.path, write.body)));
      }
    }
    if (sent.length > count) {
      break;
    }
  }
  await Promise.all([all, ...sent]);
  return { ms: performance.now() - started };
});
