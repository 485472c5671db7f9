import type { EtcdService } from '../api/etcd-service.ts';
import { appliedTo } from './applied.ts';
import { emptySince, markEmpty } from './generated.ts';

export interface OrphanState {
  /** Every EtcdService that bears the label of a catalog that is no more. */
  readonly orphans: readonly EtcdService[];
  /** Whether somebody has deleted the catalog itself, as opposed to its being absent. */
  readonly isDeleted: boolean;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

export interface Retirement {
  /** Those that have just lost their catalog, marked with the time. */
  readonly marked: readonly EtcdService[];
  readonly deletes: readonly EtcdService[];
  /** When the next one's time is over, in milliseconds from now. */
  readonly lookAgainMs: number | undefined;
}

/**
 * EtcdServices whose catalog was deleted go with it. Where the catalog is only absent, as after a restore without it, they stay for the time
 * that it has said for services without keys, so that a person can bring it back. Copies are never touched. Pure.
 */
export function retire({ orphans, isDeleted, now }: OrphanState): Retirement {
  const ages = orphans.flatMap((object) => {
    const applied = appliedTo(object);
    if (applied === undefined) {
      return [];
    }
    const since = emptySince(object) ?? now;
    // A clock that stood ahead must not keep a Service for ever.
    return [{ object, leftMs: applied.pruneAfterSeconds * 1000 - Math.max(0, now - since) }];
  });
  const isDue = ({ leftMs }: { readonly leftMs: number }): boolean => isDeleted || leftMs <= 0;
  const waiting = ages.filter((one) => !isDue(one));
  return {
    marked: waiting
      .filter(({ object }) => emptySince(object) === undefined)
      .map(({ object }) => markEmpty(object, now)),
    deletes: ages.filter(isDue).map(({ object }) => object),
    lookAgainMs: waiting.reduce<number | undefined>(
      (least, { leftMs }) => Math.min(least ?? leftMs, leftMs),
      undefined,
    ),
  };
}
