import { SparseMap, SparseSet } from '../../sparse.ts';
import { endpointId } from '../match-ports.ts';
import { Served, ServedBy } from '../served.ts';
import type { DesiredEndpoint } from '../types.ts';

/** Why a published endpoint is no longer desired: somebody has said so, or it has vanished. */
export type Cause =
  | { readonly kind: 'statement' }
  /** `lease` is to be asked for where it is known: a key that was deleted while its lease lives was deleted by somebody. */
  | { readonly kind: 'loss'; readonly lease?: string | undefined };

/** Tells why an endpoint, by {@link endpointId}, is desired no more. */
export type CauseOf = (id: string, endpoint: DesiredEndpoint) => Cause;

/** An endpoint that has vanished, as it was published last. */
export interface Vanished {
  readonly endpoint: DesiredEndpoint;
  /** Monotonic milliseconds at which it vanished. */
  readonly at: number;
  readonly lease: string | undefined;
}

/** Endpoints by {@link endpointId}. */
type Endpoints = ReadonlyMap<string, DesiredEndpoint>;

interface Stood {
  readonly id: string;
  readonly endpoint: DesiredEndpoint;
  /** Monotonic milliseconds since when. */
  readonly since: number;
}

const beforeAllTime = Number.NEGATIVE_INFINITY;

type Newcomer = Pick<Stood, 'id' | 'since'>;

interface Missed extends Vanished, Stood {
  /** Whether a newcomer has stood for it that has gone, too: one loss is not counted twice. */
  isReplaced: boolean;
}

/** More vanished endpoints than this are not remembered, the oldest first: a service whose instances change all the time must not fill the memory. */
const maxVanished = 20_000;

/**
 * The books of one EtcdService: which of its published endpoints have vanished from etcd, and which came instead. Begun with what
 * Kubernetes holds, so that a new leader comes to the same; every change of what is desired is entered as it is told.
 */
export class Account {
  #stood: Endpoints;
  /**
   * Since when those stand that came to what stood already, in whole monotonic milliseconds. All others, of which there may be a million, stand since before
   * all time: what was published before this account, and what was the first to stand.
   */
  readonly #since = new SparseMap<string, number>();
  readonly #vanished = new SparseMap<string, Missed>();
  /** Those that came to what stood already and have not replaced anything yet. */
  readonly #newcomers = new SparseSet<string>();
  /** Those that were never published: nobody misses them. */
  readonly #unpublished = new SparseSet<string>();

  constructor(published: readonly DesiredEndpoint[]) {
    this.#stood = new Map(published.map((endpoint) => [endpointId(endpoint), endpoint]));
  }

  /** Vanished endpoints by {@link endpointId}, in the order in which they vanished. */
  get vanished(): ReadonlyMap<string, Vanished> {
    return this.#vanished.held;
  }

  /** What is desired, as it was entered last. */
  get standing(): Endpoints {
    return this.#stood;
  }

  /**
   * Enters what is desired at monotonic time `now`: a map that is kept, and changes no more. `causeOf` is asked for each published endpoint that is desired no
   * more. Returns how many are ready no more because somebody has said so: they have gone by statement, or stay as not ready.
   */
  enter(desired: Endpoints, causeOf: CauseOf, now: number): number {
    const leaving = this.#leaving(desired).filter(({ id }) => !this.#wasUnpublished(id));
    this.#haveStoodFor(leaving);
    const unready = this.#unreadyNow(desired);
    const stated: Stood[] = [];
    for (const stood of leaving) {
      const cause = causeOf(stood.id, stood.endpoint);
      if (cause.kind === 'statement') {
        stated.push(stood);
      } else {
        this.#vanished.set(stood.id, { ...stood, at: now, lease: cause.lease, isReplaced: false });
      }
    }
    this.#useUp(stated);
    this.#welcome(desired, Math.floor(now));
    this.#bound();
    return stated.filter(({ endpoint }) => endpoint.ready).length + unready;
  }

  /** All that is desired has been published. */
  published(): void {
    this.#unpublished.clear();
  }

  /** What was lost on balance since monotonic time `since`: a vanished endpoint is no loss where another one has come after it came. */
  lost(since = Number.NEGATIVE_INFINITY): readonly Vanished[] {
    if (this.#vanished.size === 0) {
      return [];
    }
    const missed = [...this.#vanished.values()].filter(({ at, isReplaced }) => at >= since && !isReplaced);
    const replaced = new Set(pairs(missed, this.#newcomersNow()).map(([one]) => one));
    return missed.filter((one) => !replaced.has(one));
  }

  /** Somebody has said that this endpoint goes, as turns out. */
  explain(id: string): void {
    this.#forget([id]);
  }

  /** The lease of a vanished endpoint lives no more: nobody has deleted its key. */
  noteDead(id: string): void {
    const missed = this.#vanished.get(id);
    if (missed !== undefined) {
      this.#vanished.set(id, { ...missed, lease: undefined });
    }
  }

  /** What has vanished did so before all that is remembered. */
  antedate(): void {
    for (const [id, missed] of this.#vanished.held) {
      this.#vanished.set(id, { ...missed, at: Number.NEGATIVE_INFINITY });
    }
  }

  /** Closes the books on what vanished before monotonic time `before`. Returns whether anything had. */
  close(before: number): boolean {
    const gone: string[] = [];
    for (const [id, { at }] of this.#vanished.held) {
      if (at >= before) {
        break;
      }
      gone.push(id);
    }
    this.#forget(gone);
    return gone.length > 0;
  }

  /** Newcomers from before that monotonic time stand for nobody any more. */
  forgetNewcomers(before: number): void {
    for (const id of this.#newcomers) {
      if (this.#sinceOf(id) < before) {
        this.#newcomers.delete(id);
      }
    }
  }

  /** Also of one that has vanished. */
  #sinceOf(id: string): number {
    return this.#vanished.get(id)?.since ?? this.#since.get(id) ?? beforeAllTime;
  }

  #standsSince(id: string, since: number): void {
    if (since !== beforeAllTime) {
      this.#since.set(id, since);
    }
  }

  /** What stood and is desired no more: not what is still served in another shape. */
  #leaving(desired: Endpoints): readonly Stood[] {
    const gone: Stood[] = [];
    for (const [id, endpoint] of this.#stood) {
      if (!desired.has(id)) {
        gone.push({ id, endpoint, since: this.#sinceOf(id) });
      }
    }
    if (gone.length === 0) {
      return gone;
    }
    const served = new Served(
      desired.values(),
      gone.map(({ endpoint }) => endpoint),
    );
    return gone.filter(({ endpoint }) => !served.has(endpoint));
  }

  /** How many were ready, and are not. */
  #unreadyNow(desired: Endpoints): number {
    let count = 0;
    for (const [id, { ready }] of desired) {
      count += !ready && this.#stood.get(id)?.ready === true ? 1 : 0;
    }
    return count;
  }

  /** Whoever was never published goes as if it had not come. */
  #wasUnpublished(id: string): boolean {
    const wasUnpublished = this.#unpublished.delete(id);
    if (wasUnpublished) {
      this.#newcomers.delete(id);
    }
    return wasUnpublished;
  }

  /** What is desired stands from now on. */
  #welcome(desired: Endpoints, now: number): void {
    const before = this.#stood;
    const since = before.size + this.#vanished.size === 0 ? beforeAllTime : now;
    const others: (readonly [string, DesiredEndpoint])[] = [];
    for (const entry of desired) {
      if (!before.has(entry[0])) {
        others.push(entry);
      }
    }
    const earlier = this.#earlier(others.map(([, endpoint]) => endpoint));
    this.#stood = desired;
    for (const [id, endpoint] of others) {
      const predecessors = earlier.idsOf(endpoint);
      if (predecessors.length > 0) {
        this.#succeed(id, predecessors);
      } else {
        this.#arrive(id, since);
      }
    }
    this.#forgetAllBut(desired);
    this.#forgetReturned(desired);
  }

  /** Who has served, up to now, what these serve. */
  #earlier(others: readonly DesiredEndpoint[]): ServedBy {
    const earlier = new ServedBy(others);
    if (others.length === 0) {
      return earlier;
    }
    for (const [id, endpoint] of this.#stood) {
      earlier.add(id, endpoint);
    }
    for (const [id, { endpoint }] of this.#vanished.held) {
      earlier.add(id, endpoint);
    }
    return earlier;
  }

  /** One that serves what nobody has served before. What was the first to stand is no newcomer: nobody is gone that it could stand for. */
  #arrive(id: string, now: number): void {
    this.#unpublished.add(id);
    this.#standsSince(id, now);
    if (now !== beforeAllTime) {
      this.#newcomers.add(id);
    }
  }

  /** One that comes back, or goes on in another shape, is what its predecessors were: here for as long, and a newcomer where one of them was that stands no more. */
  #succeed(id: string, predecessors: readonly string[]): void {
    this.#standsSince(id, Math.min(...predecessors.map((one) => this.#sinceOf(one))));
    if (predecessors.every((one) => this.#unpublished.has(one))) {
      this.#unpublished.add(id);
    }
    const given = predecessors.find((one) => !this.#stood.has(one));
    if (given !== undefined && predecessors.every((one) => this.#newcomers.has(one))) {
      this.#newcomers.delete(given);
      this.#newcomers.add(id);
    }
  }

  #forgetAllBut(desired: Endpoints): void {
    for (const remembered of [this.#since, this.#newcomers, this.#unpublished]) {
      for (const id of remembered.keys()) {
        if (!desired.has(id)) {
          remembered.delete(id);
        }
      }
    }
  }

  #forgetReturned(desired: Endpoints): void {
    if (this.#vanished.size === 0) {
      return;
    }
    const vanished = Array.from(this.#vanished.values(), ({ endpoint }) => endpoint);
    const served = new Served(desired.values(), vanished);
    for (const [id, { endpoint }] of this.#vanished.held) {
      if (served.has(endpoint)) {
        this.#vanished.delete(id);
      }
    }
  }

  #newcomersNow(): readonly Newcomer[] {
    return Array.from(this.#newcomers, (id) => ({ id, since: this.#sinceOf(id) }));
  }

  /** Newcomers go: each has replaced one that vanished earlier and had come before it, all the same. */
  #haveStoodFor(leaving: readonly Stood[]): void {
    const newcomers = leaving.filter(({ id }) => this.#newcomers.delete(id));
    if (newcomers.length > 0) {
      const missed = [...this.#vanished.values()].filter(({ isReplaced }) => !isReplaced);
      for (const [replaced] of pairs(missed, newcomers)) {
        replaced.isReplaced = true;
      }
    }
  }

  /** What has vanished is missed no more. */
  #forget(ids: readonly string[]): void {
    const missed = ids.flatMap((id) => this.#vanished.get(id) ?? []);
    for (const id of ids) {
      this.#vanished.delete(id);
    }
    this.#useUp(missed.filter(({ isReplaced }) => !isReplaced));
  }

  /** Newcomers that came for these will not stand for others. */
  #useUp(gone: readonly Stood[]): void {
    if (gone.length > 0) {
      for (const [, { id }] of pairs(gone, this.#newcomersNow())) {
        this.#newcomers.delete(id);
      }
    }
  }

  #bound(): void {
    const excess = this.#vanished.size - maxVanished;
    if (excess > 0) {
      this.#forget([...this.#vanished.keys()].slice(0, excess));
    }
  }
}

/** Pairs those that are gone with newcomers: each with one that came later, as many as can be. */
function pairs<One extends Stood>(
  gone: readonly One[],
  newcomers: readonly Newcomer[],
): readonly (readonly [One, Newcomer])[] {
  const oldestFirst = gone.toSorted(bySince);
  const paired: [One, Newcomer][] = [];
  for (const newcomer of newcomers.toSorted(bySince)) {
    const next = oldestFirst[paired.length];
    if (next !== undefined && next.since < newcomer.since) {
      paired.push([next, newcomer]);
    }
  }
  return paired;
}

function bySince(a: Newcomer, b: Newcomer): number {
  return a.since < b.since ? -1 : Number(a.since > b.since);
}
