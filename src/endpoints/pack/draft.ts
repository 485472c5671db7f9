import type { EndpointSlice } from '../../kube/resources.ts';
import type { DesiredEndpoint } from '../types.ts';
import type { Group } from './group.ts';

/** A slice in the making. */
export interface Draft {
  readonly group: Group;
  /** The slice that becomes it; undefined where one has to be created. */
  readonly slice: EndpointSlice | undefined;
  /** What it will hold. */
  readonly endpoints: DesiredEndpoint[];
  /** Whether it has to be written: further changes of it cost no write. */
  isWritten: boolean;
}

export function newDraft(group: Group): Draft {
  return { group, slice: undefined, endpoints: [], isWritten: true };
}

/** How many endpoints its slice holds now. */
export function heldBefore({ slice }: Draft): number {
  return slice?.endpoints?.length ?? 0;
}

/** Moves as many of `rest` into the draft as it has room for. */
export function fill(draft: Draft, rest: DesiredEndpoint[], max: number): void {
  const room = Math.max(0, max - draft.endpoints.length);
  if (rest.length > 0 && room > 0) {
    draft.endpoints.push(...rest.splice(0, room));
    draft.isWritten = true;
  }
}

export function fullestFirst(a: Draft, b: Draft): number {
  return b.endpoints.length - a.endpoints.length;
}
