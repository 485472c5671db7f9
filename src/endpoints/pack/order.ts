import type { EndpointSlice } from '../../kube/resources.ts';
import type { EndpointPort } from '../types.ts';
import { type Draft, fill, newDraft } from './draft.ts';
import { portsOfSlice } from './group.ts';

/** Drafts in the order in which they have to be written: creates before updates, each from first to last. */
export interface Ordered {
  readonly creates: readonly Draft[];
  readonly updates: readonly Update[];
}

export type Update = Draft & { readonly slice: EndpointSlice };

/**
 * Orders what has to be written so that an address that moves from one slice to another, or a port of it, is added before it is taken away:
 * creates, updates that only add or change, those that do both, those that only take away. Where updates wait for each other in a circle, as when two endpoints
 * exchange their ports, an endpoint goes to a slice of its own, which is created before: it is taken out of its draft.
 */
export function inOrder(drafts: readonly Draft[], max: number): Ordered {
  const creates = drafts.filter(({ slice }) => slice === undefined);
  const updates = drafts.filter(isUpdate);
  if (updates.length < 2) {
    return { creates, updates };
  }
  const moves = updates.map(toMove).sort((a, b) => rank(a) - rank(b));
  const ordering = new Ordering(moves, max);
  for (const move of moves) {
    ordering.visit(move);
  }
  return { creates: [...creates, ...ordering.detours], updates: ordering.ordered };
}

function isUpdate(draft: Draft): draft is Update {
  return draft.slice !== undefined && draft.isWritten;
}

interface Move {
  readonly draft: Update;
  /** What its slice makes reachable: each address, and each port of it. */
  readonly before: Reach;
  /** What of it its slice will no longer make reachable. */
  readonly taken: Reach;
  /** What its slice will make reachable and does not yet. */
  readonly gained: Reach;
}

/** Addresses by a key for the address itself and one for each of its ports. */
type Reach = ReadonlyMap<string, string>;

function toMove(draft: Update): Move {
  const { slice, group, endpoints } = draft;
  const held = slice.endpoints?.map(({ addresses }) => addresses[0] ?? '') ?? [];
  const before = reachOf(held, portsOfSlice(slice));
  const after = reachOf(
    endpoints.map(({ address }) => address),
    group.ports,
  );
  return { draft, before, taken: without(before, after), gained: without(after, before) };
}

function reachOf(addresses: readonly string[], ports: readonly EndpointPort[]): Reach {
  return new Map(
    addresses.flatMap((address) => [
      [address, address],
      ...ports.map(({ name, port, protocol }): [string, string] => [
        `${address} ${name}:${port}/${protocol}`,
        address,
      ]),
    ]),
  );
}

function without(reach: Reach, other: Reach): Reach {
  return new Map([...reach].filter(([key]) => !other.has(key)));
}

/** Of those that do both, recycled slices come first: they then are what gives way where a circle has to be broken, and may go after all. */
function rank({ before, taken, gained }: Move): number {
  if (taken.size === 0) {
    return 0;
  }
  if (gained.size === 0) {
    return 3;
  }
  return taken.size === before.size ? 1 : 2;
}

/** Sorts moves by what waits for what: depth first, along what one takes away and another gains. */
class Ordering {
  readonly ordered: Update[] = [];
  /** Slices that have to be created for endpoints whose slices wait for each other. */
  readonly detours: Draft[] = [];
  readonly #max: number;
  readonly #gaining = new Map<string, Move[]>();
  readonly #visited = new Set<Move>();
  readonly #done = new Set<Move>();

  constructor(moves: readonly Move[], max: number) {
    this.#max = max;
    for (const move of moves) {
      for (const key of move.gained.keys()) {
        this.#gaining.set(key, [...(this.#gaining.get(key) ?? []), move]);
      }
    }
  }

  /** Writes a move after those that it has to wait for. */
  visit(move: Move): void {
    if (this.#visited.has(move)) {
      return;
    }
    this.#visited.add(move);
    for (const [key, address] of move.taken) {
      for (const gainer of this.#gaining.get(key) ?? []) {
        this.visit(gainer);
        if (!this.#done.has(gainer)) {
          this.#detour(address, gainer.draft);
        }
      }
    }
    this.#done.add(move);
    this.ordered.push(move.draft);
  }

  /** Lets an address go into a slice of its own rather than into one that waits for its being taken away. */
  #detour(address: string, { group, endpoints }: Draft): void {
    const place = endpoints.findIndex((endpoint) => endpoint.address === address);
    if (place < 0) {
      return;
    }
    const moved = endpoints.splice(place, 1);
    let detour = this.detours.find((draft) => draft.group === group && draft.endpoints.length < this.#max);
    if (detour === undefined) {
      detour = newDraft(group);
      this.detours.push(detour);
    }
    fill(detour, moved, this.#max);
  }
}
