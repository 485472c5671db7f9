/** Raw limit: a prefix of etcd and collections of the apiserver, listed in pages at the same time, decoded and kept. */
import { RawEtcd } from '../../test/kit/raw-etcd.ts';
import { type ApiAccess, RawApi } from './api.ts';
import { rawProgram } from './program.ts';

export interface RawLists {
  readonly access: ApiAccess;
  /** `host:port` of etcd. */
  readonly etcd: string;
  readonly prefixes: readonly string[];
  /** Paths of collections, with the label selector of each. */
  readonly collections: Readonly<Record<string, string>>;
}

export interface RawListed {
  readonly ms: number;
  readonly keys: number;
  readonly objects: number;
  /** Of the process, with all of them in its memory. */
  readonly residentBytes: number;
}

const pageKeys = 10_000;

rawProgram(async ({ access, etcd, prefixes, collections }: RawLists): Promise<RawListed> => {
  const [client, api] = [new RawEtcd(etcd), new RawApi(access)];
  await Promise.all([client.revision(), api.send('GET', '/api')]);
  const started = performance.now();
  const kept = new Map<string, Buffer>();
  const listPrefix = async (prefix: string): Promise<void> => {
    for await (const page of client.pages(prefix, pageKeys)) {
      for (const { key, value } of page) {
        kept.set(key.toString('latin1'), value);
      }
    }
  };
  const lists = Object.entries(collections).map(([path, selector]) => api.list(path, selector));
  const [objects] = await Promise.all([Promise.all(lists), Promise.all(prefixes.map(listPrefix))]);
  const ms = performance.now() - started;
  const residentBytes = process.memoryUsage.rss();
  return { ms, keys: kept.size, objects: objects.flat().length, residentBytes };
});
