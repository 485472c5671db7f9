import type { EndpointSlice } from '../../kube/resources.ts';
import { familyOf } from '../families.ts';
import type { DesiredEndpoint } from '../types.ts';
import type { Draft } from './draft.ts';
import { followEndpoints } from './follow.ts';
import { emptyGroup, type Group, groupAlike, keyOfSlice } from './group.ts';
import { keepWanted } from './keep.ts';
import { SliceNames } from './names.ts';
import { inOrder } from './order.ts';
import { place } from './place.ts';
import { SliceForm } from './slice-form.ts';
import type { AddressFamily, SlicesPlan, SlicesWish } from './types.ts';

/**
 * The fewest writes that make our slices of a Service what they should be; none where they say it already. `existing` are those slices, in any
 * order. They are packed as Kubernetes's own controller packs its own (k8s.io/endpointslice, reconciler.go), with fewer writes: {@link place}
 * says how.
 *
 * A Service without endpoints keeps one empty slice, as Kubernetes's own controller does it: readers that wait for a first slice learn that the
 * Service has no endpoints, and since a slice of ours always stands, Endpoints beside it are never mirrored in between.
 */
export function planSlices(wish: SlicesWish, existing: readonly EndpointSlice[]): SlicesPlan {
  // Every choice between equals below falls on the first one: sorting is stable.
  const standing = existing.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  const published = wish.endpoints.filter(({ address }) => wish.families.includes(familyOf(address)));
  const form = new SliceForm(wish, published);
  const drafts = wish.families.flatMap((family) => {
    const slices = standing.filter(({ addressType }) => addressType === family);
    return pack(groupsOf(family, published, wish.families), slices, form, wish.maxEndpoints);
  });
  return toPlan(drafts, standing, wish, form);
}

/** The groups of a family. Where nothing at all is published, the first family has an empty one, for the placeholder. */
function groupsOf(
  family: AddressFamily,
  published: readonly DesiredEndpoint[],
  families: readonly AddressFamily[],
): readonly Group[] {
  return published.length === 0 && family === families[0]
    ? [emptyGroup(family)]
    : groupAlike(
        family,
        published.filter(({ address }) => familyOf(address) === family),
      );
}

/** What becomes of the slices of one family. Slices that no draft is made from go. */
function pack(
  groups: readonly Group[],
  slices: readonly EndpointSlice[],
  form: SliceForm,
  max: number,
): readonly Draft[] {
  const standing = slices.map((slice) => ({ slice, key: keyOfSlice(slice) }));
  const byKey = Map.groupBy(standing, ({ key }) => key);
  const kept = groups.flatMap((group) => keepWanted(group, byKey.get(group.key) ?? [], form, max));
  const keys = new Set(groups.map(({ key }) => key));
  const orphans = standing.filter(({ key }) => !keys.has(key));
  const following = followEndpoints(orphans, groups, form, max);
  const keptBy = Map.groupBy([...kept, ...following], ({ group }) => group);
  return recycle(
    groups.flatMap((group) => place(group, keptBy.get(group) ?? [], max)),
    slices,
  );
}

/** Turns creates into updates of slices that would have to be deleted. */
function recycle(drafts: readonly Draft[], slices: readonly EndpointSlice[]): readonly Draft[] {
  const used = new Set(drafts.map(({ slice }) => slice));
  const spares = slices.filter((slice) => !used.has(slice)).values();
  return drafts.map((draft) =>
    draft.slice === undefined ? { ...draft, slice: spares.next().value } : draft,
  );
}

function toPlan(
  drafts: readonly Draft[],
  standing: readonly EndpointSlice[],
  { name, maxEndpoints, namesTaken = [] }: SlicesWish,
  form: SliceForm,
): SlicesPlan {
  const { creates, updates } = inOrder(drafts, maxEndpoints);
  const names = new SliceNames(name, [...standing.map(({ metadata }) => metadata.name), ...namesTaken]);
  const used = new Set(drafts.filter(stays).map(({ slice }) => slice));
  return {
    creates: creates.map((draft) => form.write(draft, names.next(draft.group))),
    updates: updates.filter(stays).map((draft) => form.write(draft, draft.slice.metadata.name)),
    deletes: standing.filter((slice) => !used.has(slice)),
  };
}

/** Ordering may have taken from a slice all that it was to hold. */
function stays({ group, endpoints }: Draft): boolean {
  return endpoints.length > 0 || group.wanted.size === 0;
}
