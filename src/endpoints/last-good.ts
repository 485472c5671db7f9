import type { Instance, Item } from '../formats/types.ts';
import { isUnreadable, type PublishingRules, resolveItem } from './resolve.ts';
import type { DesiredEndpoint, Outcome } from './types.ts';

/**
 * The instances of a key that were good last, by the place of their item in the value; `undefined` where the item there was no
 * instance. They stand in while an item cannot be read (promise 5: a value that cannot be read removes nothing).
 */
export type LastGood = readonly (Instance | undefined)[];

export interface Standing {
  /** What the value announces, whether it can be published or not. */
  readonly instances: readonly Instance[];
  readonly outcomes: readonly Outcome[];
  /** Endpoints that stand in for rejected items. */
  readonly standIns: readonly DesiredEndpoint[];
  /** What is good as of now, for the next time. */
  readonly lastGood: LastGood;
  /** Whether an item is rejected without anything that stands in for it. */
  readonly unresolved: boolean;
}

/** Shared by the many keys that nothing stands in for. */
export const noStandIns: readonly DesiredEndpoint[] = [];

/**
 * Resolves the items of a key against what was good last, which is asked for only where an item is bad. A value that is wholly unreadable keeps every last good instance; a single
 * bad item keeps the one in its place, unless its address is announced by a good item now.
 */
export function standing(
  items: readonly Item[],
  before: () => LastGood,
  publishing: PublishingRules,
): Standing {
  const outcomes = items.map((item) => resolveItem(item, publishing));
  const instances = instancesIn(items);
  const announced = { instances, outcomes };
  if (!outcomes.some(isUnreadable)) {
    // Mostly all are instances: one array for both, as there may be a million of them.
    const lastGood = instances.length === items.length ? instances : items.map(instanceIn);
    return { ...announced, standIns: noStandIns, lastGood, unresolved: false };
  }
  if (outcomes.length === 1) {
    const lastGood = before();
    const kept = lastGood.filter((instance) => instance !== undefined);
    const standIns = endpointsOf(kept, publishing);
    return { ...announced, standIns, lastGood, unresolved: kept.length === 0 };
  }
  const goodBefore = before();
  const lastGood = items.map((item, place) =>
    isUnreadable(outcomes[place]) ? goodBefore[place] : instanceIn(item),
  );
  const addresses = new Set(instances.map(({ address }) => address));
  const kept = lastGood.filter(
    (instance, place) =>
      isUnreadable(outcomes[place]) && instance !== undefined && !addresses.has(instance.address),
  );
  return { ...announced, standIns: endpointsOf(kept, publishing), lastGood, unresolved: false };
}

/** What a value announces. */
export function instancesIn(items: readonly Item[]): readonly Instance[] {
  // Not by flatMap, whose results keep room for 16 more.
  return items.filter((item) => item.kind === 'instance').map(({ instance }) => instance);
}

function instanceIn(item: Item): Instance | undefined {
  return item.kind === 'instance' ? item.instance : undefined;
}

function endpointsOf(instances: LastGood, publishing: PublishingRules): readonly DesiredEndpoint[] {
  if (instances.length === 0) {
    return noStandIns;
  }
  return instances.flatMap((instance) => {
    if (instance === undefined) {
      return [];
    }
    const outcome = resolveItem({ kind: 'instance', instance }, publishing);
    return outcome.kind === 'endpoint' ? [outcome.endpoint] : [];
  });
}
