import type { EtcdError } from '../errors.ts';
import type { Change, KeyRange, Revision } from '../types.ts';
import { type LossReason, type Position, positionAfter } from './resume.ts';
import type { StreamWatch } from './watch-stream.ts';

/** What a watch tells its user. After `lost`, `refused` or our own cancel nothing more is told. */
export interface WatchListener {
  /** etcd has taken up the watch for the first time. */
  created(): void;
  /** Everything up to this revision: the changes since what was told before, whole revisions in order; possibly none. */
  advanced(changes: readonly Change[], revision: Revision): void;
  /**
   * The watch is on a stream that is younger than its list, or than its last stream. The history that it follows there may be another one than
   * before, which etcd does not tell: a restored cluster keeps its id and may have been written past our revision.
   */
  resumed(): void;
  /** The member does not know of the revision that we have seen: it lags, or the cluster was restored. */
  behind(): void;
  /** The watch is over, and only a new list can go on from here. */
  lost(reason: LossReason): void;
  /** The watch is over: etcd does not take it up (permission, range). */
  refused(error: Error): void;
}

/** What a watch continues. */
export interface Listed {
  readonly revision: Revision;
  /** The cluster that answered. */
  readonly clusterId: string;
  /** The hub's epoch when the list began. */
  readonly epoch: number;
}

export interface Watch {
  /** Ends it; nothing is told afterwards. */
  cancel(): void;
}

/** What its watches need of a hub. */
export interface WatchKeeper {
  epoch(): number;
  /** The stream has dropped it. */
  drop(watch: StreamWatch): void;
  /** Its user wants no more of it. */
  cancel(watch: StreamWatch): void;
}

/** A watch as the stream serves it, and as its user holds it. */
export class HubWatch implements StreamWatch, Watch {
  readonly range: KeyRange;
  readonly isProbe = false;
  position: Position;
  readonly #listener: WatchListener;
  readonly #keeper: WatchKeeper;
  /** Of the stream that it was on last, or of its list. */
  #epoch: number;
  #isTakenUp = false;

  constructor(range: KeyRange, after: Listed, listener: WatchListener, keeper: WatchKeeper) {
    this.range = range;
    this.position = positionAfter(after.revision, after.clusterId);
    this.#epoch = after.epoch;
    this.#listener = listener;
    this.#keeper = keeper;
  }

  cancel(): void {
    this.#keeper.cancel(this);
  }

  created(behind: boolean): void {
    const epoch = this.#keeper.epoch();
    if (this.#epoch !== epoch) {
      this.#epoch = epoch;
      this.#listener.resumed();
    }
    if (behind) {
      this.#listener.behind();
    }
    if (!this.#isTakenUp) {
      this.#isTakenUp = true;
      this.#listener.created();
    }
  }

  advanced(changes: readonly Change[]): void {
    this.#listener.advanced(changes, this.position.next - 1);
  }

  lost(reason: LossReason): void {
    this.#keeper.drop(this);
    this.#listener.lost(reason);
  }

  refused(error: EtcdError): void {
    this.#keeper.drop(this);
    this.#listener.refused(error);
  }
}
