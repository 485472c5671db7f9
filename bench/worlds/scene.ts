import type { Ground } from '../ground.ts';
import type { Size } from '../load.ts';
import { callsNamespace } from '../objects.ts';
import { SlicesSeen } from '../slices-seen.ts';
import type { Run } from '../world.ts';

/** As many as the controller works on at once by default. */
export const workers = 8;
/** Flags of a controller that publishes EndpointSlices alone. */
export const slicesOnly = ['--publish=EndpointSlice'];

/** Does some work of a raw program while somebody else watches the slices that it writes, as with ours. */
export async function whileWatched<T>({ api }: Ground, work: () => Promise<T>): Promise<T> {
  const seen = await SlicesSeen.watch(api, callsNamespace);
  try {
    return await work();
  } finally {
    seen.end();
  }
}

/** What the measurements of one world have in common. */
export interface Scene {
  readonly run: Run;
  readonly ground: Ground;
  readonly size: Size;
  readonly seen: SlicesSeen;
}

/** What the row is called after its first words, at any scale. */
export function sizeOf({ size: { services, instances } }: Scene): string {
  return `${services} × ${instances}`;
}
