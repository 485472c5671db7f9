import type { EndpointSlice } from '../../kube/resources.ts';
import type { DesiredEndpoint } from '../types.ts';
import type { Draft } from './draft.ts';
import type { Group, Wanted } from './group.ts';
import type { SliceForm } from './slice-form.ts';

/** An existing slice, with the key of its group. */
export interface Standing {
  readonly slice: EndpointSlice;
  readonly key: string;
}

/**
 * What slices keep for a group: the endpoints that it wants, where they are. One that stands twice stays where that costs no write, else in the
 * fuller slice, so that the other one may go. No slice keeps more than `max`.
 */
export function keepWanted(
  group: Group,
  slices: readonly Standing[],
  form: SliceForm,
  max: number,
): readonly Draft[] {
  return slices
    .map((standing) => findWanted(group, standing, form))
    .sort(cheapestFirst)
    .map(({ slice, found, isSettled }) => {
      const endpoints = claim(found, max);
      return { group, slice, endpoints, isWritten: !isSettled || endpoints.length < found.length };
    });
}

interface Found {
  readonly slice: EndpointSlice;
  /** Those of its endpoints that the group wants. */
  readonly found: readonly Wanted[];
  /** Whether the slice says already all that it should, and nothing else. */
  readonly isSettled: boolean;
}

function findWanted(group: Group, { slice, key }: Standing, form: SliceForm): Found {
  const found: Wanted[] = [];
  let isSettled = key === group.key;
  for (const held of slice.endpoints ?? []) {
    const wanted = group.wanted.get(held.addresses[0] ?? '');
    if (wanted !== undefined) {
      found.push(wanted);
    }
    isSettled &&= wanted !== undefined && form.says(held, wanted.endpoint);
  }
  return {
    slice,
    found,
    isSettled:
      isSettled &&
      form.hasMarks(
        slice,
        group,
        found.map(({ endpoint }) => endpoint),
      ),
  };
}

function cheapestFirst(a: Found, b: Found): number {
  return Number(b.isSettled) - Number(a.isSettled) || b.found.length - a.found.length;
}

/** The first `max` of those that have no place yet: they have one now. */
function claim(found: readonly Wanted[], max: number): DesiredEndpoint[] {
  const claimed: DesiredEndpoint[] = [];
  for (const wanted of found) {
    if (!wanted.isPlaced && claimed.length < max) {
      wanted.isPlaced = true;
      claimed.push(wanted.endpoint);
    }
  }
  return claimed;
}
