import { endpointId } from '../match-ports.ts';
import { Served } from '../served.ts';
import type { DesiredEndpoint } from '../types.ts';
import type { Loss } from './limits.ts';

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

interface Stood {
  readonly endpoint: DesiredEndpoint;
  /** Monotonic milliseconds since when; before all time where it was published before this account. */
  readonly since: number;
}

/** More vanished endpoints than this are not remembered, the oldest first: a service whose instances change all the time must not fill the memory. */
const maxVanished = 20_000;

/**
 * The books of one EtcdService: which of its published endpoints have vanished from etcd, and which came instead. Begun with what
 * Kubernetes holds, so that a new leader comes to the same; every change of what is desired is entered as it is told.
 */
export class Account {
  #stood: Map<string, Stood>;
  readonly #vanished = new Map<string, Vanished & Stood>();
  /** Those that came to what stood already and have not replaced anything yet, in the order of their coming. */
  readonly #newcomers = new Set<string>();
  /** Those that were never published: nobody misses them. */
  readonly #unpublished = new Set<string>();

  constructor(published: readonly DesiredEndpoint[]) {
    const since = Number.NEGATIVE_INFINITY;
    this.#stood = new Map(published.map((endpoint) => [endpointId(endpoint), { endpoint, since }]));
  }

  /** Vanished endpoints by {@link endpointId}, in the order in which they vanished. */
  get vanished(): ReadonlyMap<string, Vanished> {
    return this.#vanished;
  }

  /**
   * Enters what is desired at monotonic time `now`; `causeOf` is asked for each published endpoint that is desired no more. Returns how
   * many ready ones have gone by statement.
   */
  enter(desired: readonly DesiredEndpoint[], causeOf: CauseOf, now: number): number {
    const next = new Map(desired.map((endpoint) => [endpointId(endpoint), endpoint]));
    let stated = 0;
    for (const [id, stood] of this.#leaving(next, desired)) {
      this.#newcomers.delete(id);
      const cause: Cause = this.#unpublished.delete(id) ? { kind: 'statement' } : causeOf(id, stood.endpoint);
      if (cause.kind === 'statement') {
        this.#replaced(stood);
        stated += stood.endpoint.ready ? 1 : 0;
      } else {
        this.#vanished.set(id, { ...stood, at: now, lease: cause.lease });
      }
    }
    this.#welcome(next, desired, now);
    this.#bound();
    return stated;
  }

  /** All that is desired has been published. */
  published(): void {
    this.#unpublished.clear();
  }

  /**
   * What was lost on balance since monotonic time `since`: a vanished endpoint is no loss where another one has come after it came.
   */
  loss(since = Number.NEGATIVE_INFINITY): Loss {
    const missed = [...this.#vanished.values()].filter(({ at }) => at >= since);
    const lost = missed.length - this.#replacements(missed);
    return { lost, stood: this.#stood.size + lost };
  }

  /** Somebody has said that this endpoint goes, as turns out. */
  explain(id: string): void {
    const vanished = this.#vanished.get(id);
    if (vanished !== undefined) {
      this.#vanished.delete(id);
      this.#replaced(vanished);
    }
  }

  /** Closes the books on what vanished before monotonic time `before`, and on newcomers from before `newcomersBefore`. */
  close(before: number, newcomersBefore: number): void {
    for (const [id, { at }] of this.#vanished) {
      if (at >= before) {
        break;
      }
      this.explain(id);
    }
    for (const id of this.#newcomers) {
      if ((this.#stood.get(id)?.since ?? 0) >= newcomersBefore) {
        break;
      }
      this.#newcomers.delete(id);
    }
  }

  /** What stood and is desired no more: not what is still served in another shape. */
  #leaving(
    next: ReadonlyMap<string, DesiredEndpoint>,
    desired: readonly DesiredEndpoint[],
  ): readonly (readonly [string, Stood])[] {
    const gone = [...this.#stood].filter(([id]) => !next.has(id));
    if (gone.length === 0) {
      return gone;
    }
    const served = new Served(desired);
    return gone.filter(([, { endpoint }]) => !served.has(endpoint));
  }

  /** What is desired stands from now on. One that comes back, or in another shape, is no newcomer. */
  #welcome(
    next: ReadonlyMap<string, DesiredEndpoint>,
    desired: readonly DesiredEndpoint[],
    now: number,
  ): void {
    const before = this.#stood;
    let served: Served | undefined;
    this.#stood = new Map();
    for (const [id, endpoint] of next) {
      const known = before.get(id) ?? this.#vanished.get(id);
      if (known === undefined) {
        served ??= new Served(Array.from(before.values(), (stood) => stood.endpoint));
        if (!served.has(endpoint)) {
          this.#newcomers.add(id);
          this.#unpublished.add(id);
        }
      }
      this.#stood.set(id, { endpoint, since: known?.since ?? now });
    }
    this.#forgetReturned(desired);
  }

  #forgetReturned(desired: readonly DesiredEndpoint[]): void {
    if (this.#vanished.size === 0) {
      return;
    }
    const served = new Served(desired);
    for (const [id, { endpoint }] of this.#vanished) {
      if (served.has(endpoint)) {
        this.#vanished.delete(id);
      }
    }
  }

  /** How many of these a newcomer stands for: each for one that came before itself. */
  #replacements(missed: readonly Stood[]): number {
    const sinces = missed.map(({ since }) => since).sort((a, b) => a - b);
    let replaced = 0;
    for (const id of this.#newcomers) {
      const came = this.#stood.get(id)?.since ?? 0;
      if (replaced < sinces.length && (sinces[replaced] ?? 0) < came) {
        replaced += 1;
      }
    }
    return replaced;
  }

  /** One that is missed no more uses up the newcomer that came for it. */
  #replaced({ since }: Stood): void {
    for (const id of this.#newcomers) {
      if ((this.#stood.get(id)?.since ?? 0) > since) {
        this.#newcomers.delete(id);
        return;
      }
    }
  }

  #bound(): void {
    for (const id of this.#vanished.keys()) {
      if (this.#vanished.size <= maxVanished) {
        return;
      }
      this.explain(id);
    }
  }
}
