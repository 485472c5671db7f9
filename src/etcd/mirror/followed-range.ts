import { codeOf } from '../../errors.ts';
import { closedError } from '../errors.ts';
import type { EtcdDeps } from '../options.ts';
import type {
  Change,
  Key,
  KeyRange,
  MirroredRange,
  RangeFailure,
  RangeListener,
  Registration,
  Revision,
  Unseen,
} from '../types.ts';
import type { RangeMirror } from './range-mirror.ts';
import { RangeUse, type SharedCopy, type UseDeps } from './range-use.ts';

export interface FollowedRangeDeps extends UseDeps, Pick<EtcdDeps, 'clock'> {
  /** The last use has been released. */
  readonly onUnused: (range: FollowedRange) => void;
}

/** Somebody who waits for a list that has begun at that monotonic time or later. */
interface Awaited {
  readonly sinceMs: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Shared by the many ranges for which nobody waits. */
const nobody: readonly Awaited[] = [];

/**
 * A range that somebody follows. It shows what a mirror holds of it: a mirror of its own, or that of a range in which it lies. Which one that is may change;
 * those who use it see no more of that than true differences, and that something may have fallen between them.
 */
export class FollowedRange implements SharedCopy {
  readonly range: KeyRange;
  readonly #deps: FollowedRangeDeps;
  /** Another array whenever one comes or goes, so that those who are told may do either. */
  #uses: readonly RangeUse[] = [];
  #source: RangeMirror;
  #registrations: ReadonlyMap<Key, Registration>;
  #awaited: readonly Awaited[] = nobody;
  /** Since when a comparison has been asked for; a mirror that takes over has to answer it. */
  #confirmFrom: number = Number.NEGATIVE_INFINITY;
  #toldFailure: string | undefined;
  #closed: boolean = false;

  constructor(range: KeyRange, source: RangeMirror, deps: FollowedRangeDeps) {
    this.range = range;
    this.#deps = deps;
    this.#source = source;
    this.#registrations = registrationsOf(range, source);
    this.#toldFailure = kindOf(source.failure);
  }

  get source(): RangeMirror {
    return this.#source;
  }

  get synced(): boolean {
    return this.#source.synced;
  }

  get revision(): Revision {
    return this.#source.revision;
  }

  get listedAt(): number {
    return this.#source.listedAt;
  }

  get confirmedAt(): number {
    return this.#source.confirmedAt;
  }

  get registrations(): ReadonlyMap<Key, Registration> {
    return this.#registrations;
  }

  get failure(): RangeFailure | undefined {
    return this.#source.failure;
  }

  use(listener: RangeListener): MirroredRange {
    const use = new RangeUse(this, listener, this.#deps);
    // Not by a spread, whose results keep room for 16 more.
    this.#uses = this.#uses.concat(use);
    return use;
  }

  released(use: RangeUse): void {
    this.#uses = this.#uses.filter((other) => other !== use);
    if (this.#uses.length === 0) {
      this.#deps.onUnused(this);
    }
  }

  refresh(sinceMs: number = this.#deps.clock.monotonic()): Promise<void> {
    if (this.#closed) {
      return Promise.reject(closedError());
    }
    return new Promise((resolve, reject) => {
      this.#awaited = [...this.#awaited, { sinceMs, resolve, reject }];
      this.#source.listSince(sinceMs);
    });
  }

  confirm(): void {
    this.#confirmFrom = this.#deps.clock.monotonic();
    this.#source.confirm();
  }

  /** Goes on with another mirror, that holds the same or is complete where the one before is not. What differs is for the caller to tell. */
  moveTo(source: RangeMirror): void {
    this.#source = source;
    this.#registrations = registrationsOf(this.range, source);
    this.#answer();
    for (const { sinceMs } of this.#awaited) {
      source.listSince(sinceMs);
    }
    if (source.confirmedAt < this.#confirmFrom) {
      source.confirm();
    }
  }

  changed(changes: readonly Change[]): void {
    for (const use of this.#uses) {
      use.changed(changes);
    }
  }

  /** There is a complete copy now. */
  firstListed(): void {
    for (const use of this.#uses) {
      use.firstListed();
    }
  }

  /** The mirror has applied a list, or is another one; what differs has been told. */
  listed(unseen: Unseen): void {
    this.#answer();
    for (const use of this.#uses) {
      use.listed(unseen);
    }
  }

  /** Tells of the failure where it is another one than was told. */
  failureChanged(): void {
    const kind = kindOf(this.failure);
    if (kind !== this.#toldFailure) {
      this.#toldFailure = kind;
      for (const use of this.#uses) {
        use.failureChanged();
      }
    }
  }

  /** No list is waited for any longer. */
  close(): void {
    this.#closed = true;
    for (const { reject } of this.#awaited) {
      reject(closedError());
    }
    this.#awaited = nobody;
  }

  /** Those need not wait any longer who have waited for a list that has been applied. */
  #answer(): void {
    const { listedAt } = this;
    for (const { resolve } of this.#awaited.filter(({ sinceMs }) => sinceMs <= listedAt)) {
      resolve();
    }
    const others = this.#awaited.filter(({ sinceMs }) => sinceMs > listedAt);
    this.#awaited = others.length === 0 ? nobody : others;
  }
}

function registrationsOf(range: KeyRange, source: RangeMirror): ReadonlyMap<Key, Registration> {
  return source.range === range ? source.registrations : source.registrations.within(range);
}

function kindOf(failure: RangeFailure | undefined): string | undefined {
  return failure === undefined ? undefined : (codeOf(failure.error) ?? 'UNKNOWN');
}
