import type { EtcdService } from '../api/etcd-service.ts';
import { type ObjectKey, objectKey } from '../kube/types.ts';
import { appliedTo } from './applied.ts';
import type { Assignment, LeftOut } from './assign.ts';
import { type GeneratedWish, generatorOf, sourceOf, unmarkEmpty, updated } from './generated.ts';
import { type KeptBecause, prune } from './prune.ts';

export interface CatalogWish extends GeneratedWish {
  readonly maxServices: number;
}

/** An EtcdService whose service has another place now. */
export interface Move {
  readonly from: EtcdService;
  /** The EtcdService that takes its place; before that stands, the old one must not go. */
  readonly to: ObjectKey;
}

export interface CatalogState {
  readonly assignment: Assignment;
  /** Every EtcdService that carries the catalog's label. */
  readonly standing: readonly EtcdService[];
  /** Whether an EtcdService of that name stands that does not carry it. */
  isHandWritten(namespace: string, name: string): boolean;
  /** Whether the absence of keys can be believed: the registry answers, and its list is complete. */
  readonly isKnown: boolean;
  /** Wall-clock milliseconds. */
  readonly now: number;
}

export interface CatalogPlan {
  readonly creates: readonly EtcdService[];
  readonly updates: readonly EtcdService[];
  readonly deletes: readonly EtcdService[];
  readonly moves: readonly Move[];
  /** Services that have an EtcdService of the catalog, or get one. */
  readonly published: number;
  /** Services whose EtcdService was written by hand: it is left alone. */
  readonly adopted: number;
  /** EtcdServices without a key that are kept for their time. */
  readonly empty: number;
  /** EtcdServices whose service is left out for now, and is not gone: they stay as they are. */
  readonly kept: number;
  /** EtcdServices that bear the label, and that no catalog has made under their name: they are left alone. */
  readonly copies: number;
  /** There are more services than the catalog may make: none is added. */
  readonly isOverLimit: boolean;
  readonly keptBecause: KeptBecause | undefined;
  /** When something is due without a change, in milliseconds from now. */
  readonly lookAgainMs: number | undefined;
}

/** The fewest writes that make the EtcdServices of a catalog what they should be. Pure. */
export function planCatalog(wish: CatalogWish, state: CatalogState): CatalogPlan {
  const { assigned, leftOut } = state.assignment;
  const own = assigned.filter(({ namespace, name }) => !state.isHandWritten(namespace, name));
  const isOverLimit = own.length > wish.maxServices;
  const standing = new Map(state.standing.map((object) => [objectKey(object.metadata), object]));
  const generate = generatorOf(wish);
  const missing = own.filter((one) => !standing.has(objectKey(one)));
  const updates = own.flatMap((one) => {
    const existing = standing.get(objectKey(one));
    return existing === undefined ? [] : (updated(existing, generate(one)) ?? []);
  });

  const wanted = new Set(own.map(objectKey));
  const others = state.standing.filter(({ metadata }) => !wanted.has(objectKey(metadata)));
  const { copies, unwanted, moves, kept, empty } = sortOut(others, wish, state.assignment);
  const pruning = prune({
    empty: state.isKnown ? empty : [],
    standing: state.standing.length - copies.length,
    found: assigned.length + leftOut.length,
    now: state.now,
    pruneAfterMs: wish.pruneAfterSeconds * 1000,
  });
  return {
    creates: isOverLimit ? [] : missing.map(generate),
    updates: [...updates, ...kept.flatMap((object) => unmarkEmpty(object) ?? []), ...pruning.marked],
    deletes: [...unwanted, ...pruning.deletes],
    // Where nothing is added, nothing may go in favour of what is not.
    moves: isOverLimit ? [] : moves,
    published: isOverLimit ? own.length - missing.length : own.length,
    adopted: assigned.length - own.length,
    empty: empty.length - pruning.deletes.length,
    kept: kept.length + (isOverLimit ? moves.length : 0),
    copies: copies.length,
    isOverLimit,
    keptBecause: pruning.keptBecause,
    lookAgainMs: pruning.lookAgainMs,
  };
}

interface Sorted {
  readonly copies: readonly EtcdService[];
  /** The catalog's author has said that they are not wanted. */
  readonly unwanted: readonly EtcdService[];
  readonly moves: readonly Move[];
  /** Their service is there, and left out for what may come back, such as a grant. */
  readonly kept: readonly EtcdService[];
  readonly empty: readonly EtcdService[];
}

/** What those EtcdServices are that stand where no service has its place. */
function sortOut(
  others: readonly EtcdService[],
  { separator }: GeneratedWish,
  { assigned, leftOut }: Assignment,
): Sorted {
  const places = new Map(assigned.map((one) => [one.service.source, objectKey(one)]));
  const reasons = new Map(leftOut.map(({ service, why }) => [service.source, why]));
  const [made, copies] = partition(others, (object) => appliedTo(object) !== undefined);
  const bySource = made.map((object) => ({ object, source: sourceOf(object, separator) ?? '' }));
  const having = (test: (source: string) => boolean): readonly EtcdService[] =>
    bySource.filter(({ source }) => test(source)).map(({ object }) => object);
  return {
    copies,
    unwanted: having((source) => isStatement(reasons.get(source))),
    moves: bySource.flatMap(({ object, source }) => {
      const to = places.get(source);
      return to === undefined ? [] : [{ from: object, to }];
    }),
    kept: having((source) => reasons.has(source) && !isStatement(reasons.get(source))),
    empty: having((source) => !reasons.has(source) && !places.has(source)),
  };
}

/** What the catalog's author has said, as opposed to what is missing in Kubernetes or may come back. */
function isStatement(why: LeftOut | undefined): boolean {
  return why === 'Excluded' || why === 'NoNamespaceRule';
}

function partition<T>(
  items: readonly T[],
  test: (item: T) => boolean,
): readonly [readonly T[], readonly T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
