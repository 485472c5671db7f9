import type { Cancel, Clock } from '../../clock.ts';
import type { ReadingClient } from '../client/client.ts';
import type { Change, Key, KeyRange, Registration, Revision } from '../types.ts';
import type { WatchHub } from '../watch/watch.ts';
import { Comparison } from './comparison.ts';
import type { ListReason } from './observer.ts';
import { listRange } from './range.ts';

/** How long the events of differing keys may be under way until the difference counts as true. */
const eventGraceMs = 5_000;

/** The copy that is compared; it goes on changing meanwhile. */
export interface ComparedCopy {
  readonly range: KeyRange;
  readonly registrations: ReadonlyMap<Key, Registration>;
  readonly revision: Revision;
}

export interface RangeComparisonDeps {
  readonly client: ReadingClient;
  readonly hub: WatchHub;
  readonly clock: Clock;
}

/** `abandoned`: nothing is known, as the comparison failed or what it builds on went away. */
export type Outcome =
  | { readonly kind: 'same' | 'abandoned' }
  | {
      readonly kind: 'different';
      readonly reason: ListReason;
      /** How many keys are known to differ. */
      readonly keys: number;
    };

/** What the keys-only list says by itself. */
interface KeysAnswer {
  readonly listedAt: Revision;
  /** Why the copy must differ, where that is plain already. */
  readonly different: ListReason | undefined;
}

/**
 * Compares the keys of a copy with etcd's once: a cluster restored from a snapshot and written past our revision shows itself in no other way.
 * Where keys differ, the events that may explain it are given a while. Ends once, by an outcome.
 */
export class RangeComparison {
  readonly #copy: ComparedCopy;
  readonly #clusterId: string;
  readonly #deps: RangeComparisonDeps;
  readonly #onEnd: (outcome: Outcome) => void;
  readonly #comparison: Comparison;
  #ended: boolean = false;
  /** Set while events that may explain the suspects are waited for. */
  #cancelGrace: Cancel | undefined;

  /** `clusterId` is that of the cluster that the copy is of. */
  constructor(
    copy: ComparedCopy,
    clusterId: string,
    deps: RangeComparisonDeps,
    onEnd: (outcome: Outcome) => void,
  ) {
    this.#copy = copy;
    this.#clusterId = clusterId;
    this.#deps = deps;
    this.#onEnd = onEnd;
    this.#comparison = new Comparison(copy.registrations, copy.revision);
  }

  /** Resolves when the keys have been read; rejects, and is abandoned, where they cannot be. */
  async run(signal: AbortSignal): Promise<void> {
    let answer: KeysAnswer;
    try {
      answer = await this.#readKeys(signal);
    } catch (error) {
      this.abandon();
      throw error;
    }
    this.#judge(answer);
  }

  /** The copy has taken these changes over from its watch. */
  changed(changes: readonly Change[]): void {
    for (const { key } of changes) {
      this.#comparison.touch(key);
    }
    if (this.#cancelGrace !== undefined && this.#comparison.verdict === 'same') {
      this.#end({ kind: 'same' });
    }
  }

  /** The watch that would bring the events has broken, or the copy is given up. */
  abandon(): void {
    this.#end({ kind: 'abandoned' });
  }

  async #readKeys(signal: AbortSignal): Promise<KeysAnswer> {
    const { range, revision } = this.#copy;
    let listedAt = revision;
    for await (const page of listRange(this.#deps.client, range, { keysOnly: true, signal })) {
      listedAt = page.revision;
      if (page.clusterId !== this.#clusterId) {
        return { listedAt, different: 'cluster-changed' };
      }
      if (listedAt < revision) {
        return { listedAt, different: 'revision-back' };
      }
      this.#comparison.add(page.registrations);
    }
    this.#comparison.complete();
    return { listedAt, different: this.#comparison.verdict === 'different' ? 'drift' : undefined };
  }

  #judge({ listedAt, different }: KeysAnswer): void {
    if (different !== undefined) {
      this.#endDifferent(different);
    } else if (this.#comparison.verdict === 'same') {
      this.#end({ kind: 'same' });
    } else if (!this.#ended) {
      this.#awaitEvents(listedAt);
    }
  }

  /**
   * Gives the events that may explain the suspects a while to come, and again a while as long as the copy comes nearer to the list. Not across
   * a break: the watch that resumes asks for a comparison of its own.
   */
  #awaitEvents(listedAt: Revision): void {
    const { clock, hub } = this.#deps;
    const { revision } = this.#copy;
    const { epoch } = hub;
    this.#cancelGrace = clock.schedule(eventGraceMs, () => {
      const reached = this.#copy.revision;
      if (hub.member === undefined || hub.epoch !== epoch) {
        this.abandon();
      } else if (reached > revision && reached < listedAt) {
        this.#awaitEvents(listedAt);
      } else {
        this.#endDifferent('drift');
      }
    });
  }

  #endDifferent(reason: ListReason): void {
    this.#end({ kind: 'different', reason, keys: this.#comparison.suspects });
  }

  #end(outcome: Outcome): void {
    if (!this.#ended) {
      this.#ended = true;
      this.#cancelGrace?.();
      this.#onEnd(outcome);
    }
  }
}
