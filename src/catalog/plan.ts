import type { EtcdService } from '../api/etcd-service.ts';
import { objectKey } from '../kube/types.ts';
import type { Assignment, LeftOut } from './assign.ts';
import { type GeneratedWish, generate, sourceOf, updated } from './generated.ts';
import { type KeptBecause, prune } from './prune.ts';

export interface CatalogWish extends GeneratedWish {
  readonly maxServices: number;
  readonly pruneAfterMs: number;
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
  /** Services that have an EtcdService of the catalog, or get one. */
  readonly published: number;
  /** Services whose EtcdService was written by hand: it is left alone. */
  readonly adopted: number;
  /** EtcdServices without a key that are kept for their time. */
  readonly empty: number;
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
  const wanted = own.map((one) => ({ wanted: generate(wish, one), existing: standing.get(objectKey(one)) }));
  const creates = wanted.flatMap((one) => (one.existing === undefined ? [one.wanted] : []));
  const updates = wanted.flatMap((one) =>
    one.existing === undefined ? [] : (updated(one.existing, one.wanted) ?? []),
  );

  const kept = new Set(own.map(objectKey));
  const others = state.standing.filter(({ metadata }) => !kept.has(objectKey(metadata)));
  const statements = new Set([
    ...leftOut.filter(({ why }) => isStatement(why)).map(({ service }) => service.source),
    ...assigned.map(({ service }) => service.source),
  ]);
  const [unwanted, empty] = partition(others, (object) =>
    statements.has(sourceOf(object, wish.separator) ?? ''),
  );
  const pruning = prune({
    empty: state.isKnown ? empty : [],
    standing: state.standing.length,
    found: assigned.length + leftOut.length,
    now: state.now,
    pruneAfterMs: wish.pruneAfterMs,
  });
  return {
    creates: isOverLimit ? [] : creates,
    updates: [...updates, ...pruning.marked],
    deletes: [...unwanted, ...pruning.deletes],
    published: isOverLimit ? own.length - creates.length : own.length,
    adopted: assigned.length - own.length,
    empty: empty.length - pruning.deletes.length,
    isOverLimit,
    keptBecause: pruning.keptBecause,
    lookAgainMs: pruning.lookAgainMs,
  };
}

/** What the catalog's author has said, as opposed to what is missing in Kubernetes or may come back. */
function isStatement(why: LeftOut): boolean {
  return why === 'Excluded' || why === 'NoNamespaceRule';
}

function partition<T>(
  items: readonly T[],
  test: (item: T) => boolean,
): readonly [readonly T[], readonly T[]] {
  return [items.filter(test), items.filter((item) => !test(item))];
}
