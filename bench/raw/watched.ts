import type { AnyObject } from '../../test/kit/kube-objects.ts';
import type { RawApi } from './api.ts';

/**
 * Watches a collection from now on. Resolves when the watch stands, with what resolves when it has brought so many events; each is `told`. That rejects where the
 * apiserver ends the watch.
 */
export async function watched(
  api: RawApi,
  collection: string,
  count: number,
  told: (event: AnyObject) => void,
): Promise<{ readonly all: Promise<void> }> {
  const { promise: all, resolve, reject } = Promise.withResolvers<void>();
  // Whoever waits for it may come to that late.
  all.catch(() => undefined);
  const ended = (): void => reject(new Error(`the apiserver ended the watch of ${collection}`));
  const { version } = await api.snapshot(collection);
  let seen = 0;
  const tell = (event: AnyObject): void => {
    if (event['type'] === 'ERROR') {
      ended();
      return;
    }
    told(event);
    seen += 1;
    if (seen === count) {
      resolve();
    }
  };
  await api.watch(collection, version, tell, { ended });
  return { all };
}
