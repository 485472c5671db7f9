import type { Clock } from '../../clock.ts';
import { fromEndpoints } from '../../endpoints/plan-endpoints.ts';
import { covers } from '../../endpoints/subsets.ts';
import type { Endpoints } from '../../kube/resources.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { Claim } from '../claims/claim.ts';
import type { SlicesKeeper } from './slices-keeper.ts';

/**
 * How long Kubernetes is waited for. Its mirroring controller tries again after at most 100 s; a cluster that mirrors nothing may run without
 * it (KEP-4974).
 */
const longestWaitMs = 120_000;
/** First at short intervals, since mirroring mostly takes milliseconds, then at longer ones. */
const leastPauseMs = 200;
const longestPauseMs = 5000;
/** A wait that nobody has gone on with for so long is over: its EtcdService was deleted, or another replica led meanwhile. */
const lapsedMs = 60_000;

/** Monotonic milliseconds. */
interface Wait {
  readonly since: number;
  readonly lastSeen: number;
}

export interface SlicesHandBackDeps {
  readonly slices: Pick<SlicesKeeper, 'mirrored' | 'remove'>;
  readonly clock: Clock;
  /** Told of a Service whose Endpoints Kubernetes has not mirrored in time. */
  readonly notMirrored: (claim: Claim) => void;
}

/** Leaves the slices of a Service to Kubernetes: ours go when its own, mirrored from our Endpoints, hold all that these hold. */
export class SlicesHandBack {
  readonly #deps: SlicesHandBackDeps;
  /** By Service. */
  readonly #waits = new Map<ObjectKey, Wait>();

  constructor(deps: SlicesHandBackDeps) {
    this.#deps = deps;
  }

  /** To be called when Kubernetes may mirror the Endpoints. Says after how long to come back; undefined when our slices have gone. */
  async proceed(claim: Claim, endpoints: Endpoints): Promise<number | undefined> {
    const { slices, notMirrored } = this.#deps;
    const waitedMs = this.#waited(claim.key);
    const isMirrored = covers(await slices.mirrored(claim), fromEndpoints(endpoints));
    if (!isMirrored && waitedMs < longestWaitMs) {
      return Math.min(longestPauseMs, Math.max(leastPauseMs, waitedMs / 4));
    }
    await slices.remove(claim);
    this.#waits.delete(claim.key);
    if (!isMirrored) {
      notMirrored(claim);
    }
    return undefined;
  }

  /** Slices are asked for again, or there are none of ours. */
  forget(service: ObjectKey): void {
    this.#waits.delete(service);
  }

  #waited(service: ObjectKey): number {
    const now = this.#deps.clock.monotonic();
    for (const [other, { lastSeen }] of this.#waits) {
      if (now - lastSeen > lapsedMs) {
        this.#waits.delete(other);
      }
    }
    const since = this.#waits.get(service)?.since ?? now;
    this.#waits.set(service, { since, lastSeen: now });
    return now - since;
  }
}
