import type { EtcdService } from '../api/etcd-service.ts';
import { emptySince, markEmpty } from './generated.ts';

/** Why EtcdServices whose time is over are kept all the same. */
export type KeptBecause = 'RegistryEmpty' | 'TooManyAtOnce';

export interface PruneState {
  /** EtcdServices of the catalog without a key. */
  readonly empty: readonly EtcdService[];
  /** How many EtcdServices the catalog has in all. */
  readonly standing: number;
  /** How many services the registry has, published or not. */
  readonly found: number;
  /** Wall-clock milliseconds. */
  readonly now: number;
  readonly pruneAfterMs: number;
}

export interface Pruning {
  /** Those that have just turned empty, marked with the time. */
  readonly marked: readonly EtcdService[];
  readonly deletes: readonly EtcdService[];
  readonly keptBecause: KeptBecause | undefined;
  /** When the next one's time is over, in milliseconds from now. */
  readonly lookAgainMs: number | undefined;
}

/** So many may always go within a window; beyond them, at most this part of all. */
const fewAtOnce = 10;
const mostAtOnce = 0.3;
/** The window is this long, or this part of pruneAfterSeconds: leases that were lost together run out one after the other. */
const windowMs = 3_600_000;
const windowPart = 0.1;

/**
 * A service without keys keeps its EtcdService, and with it its Service, for a time: a registry that was emptied by accident must not
 * cost a cluster its Services. Where all are gone, or many in a short while, they stay until a person has looked. Pure.
 */
export function prune({ empty, standing, found, now, pruneAfterMs }: PruneState): Pruning {
  const marked = empty
    .filter((object) => emptySince(object) === undefined)
    .map((object) => markEmpty(object, now));
  const ages = empty.flatMap((object) => {
    const since = emptySince(object);
    // A clock that stood ahead must not keep a Service for ever.
    return since === undefined ? [] : [{ object, ageMs: Math.max(0, now - since) }];
  });
  const due = ages.filter(({ ageMs }) => ageMs >= pruneAfterMs).map(({ object }) => object);
  const waits = ages.flatMap(({ ageMs }) => (ageMs < pruneAfterMs ? [pruneAfterMs - ageMs] : []));
  const next = [...waits, ...(marked.length > 0 ? [pruneAfterMs] : [])];
  const window = Math.max(windowMs, pruneAfterMs * windowPart);
  // Who goes is counted with all that will be due a window later: so no window sees more go than may.
  const going = ages.filter(({ ageMs }) => ageMs >= pruneAfterMs - window).length;
  const keptBecause = due.length === 0 ? undefined : whyKept(going, standing, found);
  return {
    marked,
    deletes: keptBecause === undefined ? due : [],
    keptBecause,
    lookAgainMs: next.length === 0 ? undefined : Math.min(...next),
  };
}

function whyKept(going: number, standing: number, found: number): KeptBecause | undefined {
  if (found === 0) {
    return 'RegistryEmpty';
  }
  return going > Math.max(fewAtOnce, standing * mostAtOnce) ? 'TooManyAtOnce' : undefined;
}
