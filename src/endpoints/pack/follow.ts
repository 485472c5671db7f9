import type { Draft } from './draft.ts';
import type { Group } from './group.ts';
import { keepWanted, type Standing } from './keep.ts';
import type { SliceForm } from './slice-form.ts';

/**
 * Slices whose ports or labels nobody wants any more follow their endpoints: where those of a Service or of an instance have changed, its slices
 * change in place, and no endpoint moves to another one.
 */
export function followEndpoints(
  orphans: readonly Standing[],
  groups: readonly Group[],
  form: SliceForm,
  max: number,
): readonly Draft[] {
  if (orphans.length === 0) {
    return [];
  }
  const seeking = groupsSeeking(groups);
  return orphans.flatMap((orphan) => {
    const addresses = orphan.slice.endpoints?.map((held) => held.addresses[0] ?? '') ?? [];
    const group = seeking.get(addresses.find((address) => seeking.has(address)) ?? '');
    return group === undefined ? [] : keepWanted(group, [orphan], form, max);
  });
}

/** For each address that has no place in a group yet, that group. */
function groupsSeeking(groups: readonly Group[]): ReadonlyMap<string, Group> {
  const seeking = new Map<string, Group>();
  for (const group of groups) {
    for (const [address, { isPlaced }] of group.wanted) {
      if (!isPlaced) {
        seeking.set(address, group);
      }
    }
  }
  return seeking;
}
