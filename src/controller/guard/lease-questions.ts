import type { Clock } from '../../clock.ts';
import type { Vanished } from '../../endpoints/guard/account.ts';
import type { RegistrySource } from '../../etcd/types.ts';
import type { ObjectKey } from '../../kube/types.ts';
import type { GuardedService } from './guarded-service.ts';

/** How many leases are asked for at the most, how many at a time, and for how long in all: what is to be published waits for the answers. */
const maxLeases = 1000;
const askedAtOnce = 32;
const answersWithinMs = 5000;

/** A vanished endpoint, with the lease that it was registered under. */
interface Missed {
  readonly service: GuardedService;
  readonly id: string;
  readonly vanished: Vanished;
  readonly lease: string;
}

export interface LeaseQuestionsDeps {
  readonly source: Pick<RegistrySource, 'leaseLives'>;
  readonly clock: Clock;
  /** What this EtcdService has waited for has been answered, as far as it is. */
  readonly changed: (key: ObjectKey) => void;
}

/**
 * Asks etcd in the background which leases of vanished endpoints live: a key that was deleted while its lease lives was deleted by somebody,
 * and is not missed. A lease that etcd says nothing of in time does not live: then what vanished under it is held rather than lost.
 */
export class LeaseQuestions {
  readonly #deps: LeaseQuestionsDeps;
  readonly #waiting = new Set<ObjectKey>();
  #isAsking: boolean = false;

  constructor(deps: LeaseQuestionsDeps) {
    this.#deps = deps;
  }

  /** Whether there is an answer to wait for before it is known what these services miss. */
  isOpen(services: Iterable<GuardedService>): boolean {
    const missed = this.#isAsking ? [] : [...services].flatMap(unknownOf);
    if (missed.length > 0) {
      void this.#ask(missed);
    }
    return this.#isAsking;
  }

  /** This EtcdService is to be looked at when what is asked has been answered. */
  wait(key: ObjectKey): void {
    this.#waiting.add(key);
  }

  /** Never rejects. */
  async #ask(missed: readonly Missed[]): Promise<void> {
    this.#isAsking = true;
    const living = await this.#living(missed);
    for (const { service, id, vanished, lease } of missed) {
      // It may have come back and vanished again under another lease.
      if (service.vanished.get(id) !== vanished) {
        continue;
      }
      if (living.has(lease)) {
        service.explain(id);
      } else {
        service.noteDead(id);
      }
    }
    this.#isAsking = false;
    for (const key of this.#waiting) {
      this.#deps.changed(key);
    }
    this.#waiting.clear();
  }

  async #living(missed: readonly Missed[]): Promise<ReadonlySet<string>> {
    const { clock } = this.#deps;
    const living = new Set<string>();
    const queue = [...new Set(missed.map(({ lease }) => lease))].slice(0, maxLeases).values();
    const deadline = clock.monotonic() + answersWithinMs;
    const worker = async (): Promise<void> => {
      for (const lease of queue) {
        if (clock.monotonic() < deadline && (await this.#lives(lease))) {
          living.add(lease);
        }
      }
    };
    await Promise.all(Array.from({ length: askedAtOnce }, worker));
    return living;
  }

  async #lives(lease: string): Promise<boolean> {
    try {
      return await this.#deps.source.leaseLives(lease);
    } catch {
      return false;
    }
  }
}

/** What vanished under leases that have not been asked for. */
function unknownOf(service: GuardedService): readonly Missed[] {
  return [...service.vanished].flatMap(([id, vanished]) =>
    vanished.lease === undefined ? [] : [{ service, id, vanished, lease: vanished.lease }],
  );
}
