import type { Prepared } from '../preparing.ts';
import type { Found } from '../publishing.ts';
import type { Recorder } from '../recorder.ts';
import { earliest, unknown } from '../status/findings.ts';
import type { Findings } from '../status/status.ts';
import type { Tracked } from '../tracked.ts';
import type { Observer } from './observer.ts';

export interface ObservingDeps {
  readonly observer: Observer;
  readonly recorder: Pick<Recorder, 'noticed'>;
}

const isObserving = {
  status: 'Unknown',
  reason: 'Observing',
  message:
    'spec.mode is Observe; nothing is written, and Equal says whether what stands is what would be published',
} as const;

/** The main job of an EtcdService that is only observed: from spec to differences. */
export class Observing {
  readonly #deps: ObservingDeps;

  constructor(deps: ObservingDeps) {
    this.#deps = deps;
  }

  /** It is observed no longer: nothing of that is kept, and another time begins anew. */
  end(tracked: Tracked): void {
    tracked.observed = undefined;
    this.#deps.observer.forget(tracked.key);
  }

  /** `unready` is what else stands against publishing. To be called when all is known that decides. */
  async observe(tracked: Tracked, prepared: Prepared, unready: Findings['ready']): Promise<Found> {
    const { observer, recorder } = this.#deps;
    const { claim } = prepared;
    tracked.unpublishedSince = undefined;
    // Others write meanwhile: what stood when this replica last published is no longer known.
    tracked.published = undefined;
    tracked.standing = undefined;
    const { observed, lookAgainMs } = await observer.observe(tracked, prepared);
    recorder.noticed(claim.object, tracked.observed?.desired, observed.desired);
    tracked.observed = observed;
    const { serviceName } = claim;
    return {
      findings: { ...unknown, ready: unready ?? isObserving, serviceName, observed },
      lookAgainMs: earliest(lookAgainMs),
    };
  }
}
