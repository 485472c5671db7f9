import type { AnyObject } from '../../test/kit/kube-objects.ts';
import type { RawApi } from './api.ts';

/** Watches a collection from now on. Resolves when the watch stands, with what resolves when it has brought so many events; each is `told`. */
export async function watched(
  api: RawApi,
  collection: string,
  count: number,
  told: (event: AnyObject) => void = () => undefined,
): Promise<{ readonly all: Promise<void> }> {
  const { promise: all, resolve } = Promise.withResolvers<void>();
  const { version } = await api.snapshot(collection);
  let seen = 0;
  await api.watch(collection, version, (event) => {
    told(event);
    seen += 1;
    if (seen === count) {
      resolve();
    }
  });
  return { all };
}
