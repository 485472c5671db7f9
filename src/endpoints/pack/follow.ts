import type { Draft } from './draft.ts';
import type { Group } from './group.ts';
import { keepWanted, type Standing } from './keep.ts';
import type { SliceForm } from './slice-form.ts';

/**
 * Slices whose port set nobody wants any more follow their endpoints: where the ports of a Service or of an instance have changed, its slices
 * change in place, and no endpoint moves to another one.
 */
export function followEndpoints(
  orphans: readonly Standing[],
  groups: Iterable<Group>,
  form: SliceForm,
  max: number,
): readonly Draft[] {
  if (orphans.length === 0) {
    return [];
  }
  const seeking = groupsSeeking(groups);
  return orphans.flatMap((orphan) => {
    const group = groupOf(orphan, seeking);
    return group === undefined ? [] : keepWanted(group, [orphan], form, max);
  });
}

/** The groups that an address has no place in yet. */
function groupsSeeking(groups: Iterable<Group>): ReadonlyMap<string, readonly Group[]> {
  const seeking = new Map<string, Group[]>();
  for (const group of groups) {
    for (const [address, { isPlaced }] of group.wanted) {
      if (!isPlaced) {
        seeking.set(address, [...(seeking.get(address) ?? []), group]);
      }
    }
  }
  return seeking;
}

function groupOf({ slice }: Standing, seeking: ReadonlyMap<string, readonly Group[]>): Group | undefined {
  for (const { addresses } of slice.endpoints ?? []) {
    const address = addresses[0] ?? '';
    const group = seeking.get(address)?.find(({ wanted }) => wanted.get(address)?.isPlaced === false);
    if (group !== undefined) {
      return group;
    }
  }
  return undefined;
}
