import type { Ground } from '../ground.ts';
import type { Size } from '../load.ts';
import type { SlicesSeen } from '../slices-seen.ts';
import type { Run } from '../world.ts';

/** As many as the controller works on at once by default. */
export const workers = 8;
/** Flags of a controller that publishes EndpointSlices alone. */
export const slicesOnly = ['--publish=EndpointSlice'];

/** What its rows are called. */
export const leastController =
  'the least of all controllers, which reads, remembers, publishes, logs and counts, and trusts everybody';

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
