import type { EtcdService } from '../api/etcd-service.ts';
import type { Clock } from '../clock.ts';
import type { DesiredEndpoint } from '../endpoints/types.ts';
import type { Revision } from '../etcd/types.ts';
import type { ObjectKey } from '../kube/types.ts';
import type { readSpec } from './claims/spec.ts';
import type { Subscription } from './follow/subscription.ts';
import type { Observed } from './observe/observer.ts';
import type { Published } from './status/status.ts';

/** What is known of one EtcdService between reconciles. */
export interface Tracked {
  readonly key: ObjectKey;
  readonly uid: string | undefined;
  /** Monotonic milliseconds. */
  readonly trackedSince: number;
  subscription: Subscription | undefined;
  spec: { readonly generation: number | undefined; readonly read: ReturnType<typeof readSpec> } | undefined;
  /** What was published last in this term, for metrics and for telling what is new. */
  published: Published | undefined;
  /** What was found last of one that is only observed, for metrics. */
  observed: Observed | undefined;
  /** What this process has brought to Kubernetes last, and in which term: with deadlines that objects hold less exactly. */
  standing: { readonly term: number; readonly endpoints: readonly DesiredEndpoint[] } | undefined;
  /** In which term Kubernetes itself was asked what stands. */
  lookedIn: number | undefined;
  /** Endpoints, by endpointId, that were found dead while they were held, and that still stand. */
  dead: ReadonlySet<string>;
  /** Whether what stands was published without knowing whether it lives; undefined while this replica has not looked. */
  isStale: boolean | undefined;
  /** What this process has written last: when, in wall-clock milliseconds, and of which revision of the registry. */
  lastWrite: { readonly at: number; readonly revision: Revision } | undefined;
  /** Monotonic milliseconds of the oldest change that is not published yet. */
  unpublishedSince: number | undefined;
  /** The same of the changes that are being written: they are published when the apiserver has answered, which can take its time. */
  writingSince: number | undefined;
}

export interface TrackedServicesDeps {
  readonly clock: Clock;
  /** Told of each EtcdService that is known no more. */
  readonly forgotten: (key: ObjectKey) => void;
}

/** Shared by the many EtcdServices of which no endpoint was found dead. */
export const nobody: ReadonlySet<string> = new Set();

/** All EtcdServices that are known, each for as long as the object of its uid lives. */
export class TrackedServices {
  readonly #deps: TrackedServicesDeps;
  readonly #byKey = new Map<ObjectKey, Tracked>();

  constructor(deps: TrackedServicesDeps) {
    this.#deps = deps;
  }

  track(key: ObjectKey, { metadata }: EtcdService): Tracked {
    const known = this.#byKey.get(key);
    if (known !== undefined && known.uid === metadata.uid) {
      return known;
    }
    if (known !== undefined) {
      this.forget(key);
    }
    const tracked: Tracked = {
      key,
      uid: metadata.uid,
      trackedSince: this.#deps.clock.monotonic(),
      subscription: undefined,
      spec: undefined,
      published: undefined,
      observed: undefined,
      standing: undefined,
      lookedIn: undefined,
      dead: nobody,
      isStale: undefined,
      lastWrite: undefined,
      unpublishedSince: undefined,
      writingSince: undefined,
    };
    this.#byKey.set(key, tracked);
    return tracked;
  }

  get(key: ObjectKey): Tracked | undefined {
    return this.#byKey.get(key);
  }

  forget(key: ObjectKey): void {
    this.#byKey.get(key)?.subscription?.release();
    this.#byKey.delete(key);
    this.#deps.forgotten(key);
  }

  /** What was published last of each EtcdService, for metrics. */
  *published(): Iterable<Published> {
    for (const { published } of this.#byKey.values()) {
      if (published !== undefined) {
        yield published;
      }
    }
  }

  /** What was found last of those that are only observed, for metrics. */
  *observed(): Iterable<Observed> {
    for (const { observed } of this.#byKey.values()) {
      if (observed !== undefined) {
        yield observed;
      }
    }
  }

  /** Monotonic milliseconds of the oldest change that Kubernetes does not show. */
  oldestUnpublished(): number | undefined {
    let oldest = Number.POSITIVE_INFINITY;
    for (const { unpublishedSince, writingSince } of this.#byKey.values()) {
      const since = writingSince ?? unpublishedSince;
      if (since !== undefined) {
        oldest = Math.min(oldest, since);
      }
    }
    return Number.isFinite(oldest) ? oldest : undefined;
  }

  close(): void {
    for (const key of [...this.#byKey.keys()]) {
      this.forget(key);
    }
  }
}
