import { backoffMs } from '../../backoff.ts';
import { sleep } from '../../clock.ts';
import { codeOf } from '../../errors.ts';
import type { Limiter } from '../../limiter.ts';
import type { ReadingClient } from '../client/client.ts';
import { isOutage } from '../errors.ts';
import { showKey } from '../key.ts';
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
} from '../types.ts';
import type { Listed, Watch, WatchHub } from '../watch/watch.ts';
import { applyChanges, differences } from './difference.ts';
import type { ListReason, MirrorObserver } from './observer.ts';
import { type Outcome, RangeComparison } from './range-comparison.ts';
import { RangeUse, type SharedCopy } from './range-use.ts';
import { listWhole } from './whole-list.ts';

/** What all ranges of a mirror share. */
export interface RangeDeps extends EtcdDeps {
  readonly client: ReadingClient;
  readonly hub: WatchHub;
  readonly limiter: Limiter;
  readonly observer: MirrorObserver;
  /** The range may have drifted and wants to be compared. */
  readonly onDoubt: (range: RangeMirror) => void;
  /** etcd could not be reached, as opposed to a range that may not be read. */
  readonly onOutage: () => void;
  /** The last use has been released. */
  readonly onUnused: (range: RangeMirror) => void;
}

/** A watch that has lasted this long was worth its list: the next failure starts a new count. */
const settledMs = 10_000;
const retryBackoff = { baseMs: 500, maxMs: 30_000, jitter: 0.3 };

/** The watch that keeps the copy current. */
interface Following {
  readonly watch: Watch;
  readonly clusterId: string;
  /** Why the range must be listed again; rejects where etcd refuses the watch. */
  readonly over: PromiseWithResolvers<ListReason>;
  created: boolean;
}

/** Somebody who waits for a list that begins after those begun so far. */
interface Awaited {
  readonly after: number;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** The copy of one range: listed at a revision, watched from the next one on, listed again when following is no longer possible. */
export class RangeMirror implements SharedCopy {
  readonly range: KeyRange;
  readonly registrations = new Map<Key, Registration>();
  revision: Revision = 0;
  listedAt: number = Number.NEGATIVE_INFINITY;
  confirmedAt: number = Number.NEGATIVE_INFINITY;
  synced: boolean = false;
  failure: RangeFailure | undefined;
  readonly #deps: RangeDeps;
  readonly #uses = new Set<RangeUse>();
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #following: Following | undefined;
  #comparison: RangeComparison | undefined;
  #listsBegun = 0;
  readonly #awaited: Awaited[] = [];
  /** Monotonic milliseconds since when a comparison has been asked for: one that began earlier, or found no watch, does not answer that. */
  #confirmFrom: number = Number.NEGATIVE_INFINITY;
  /** Cuts the wait before the next list short, also where it is yet to come. */
  #nap = new AbortController();

  constructor(range: KeyRange, deps: RangeDeps) {
    this.range = range;
    this.#deps = deps;
    this.#running = this.#run();
  }

  use(listener: RangeListener): MirroredRange {
    const use = new RangeUse(this, listener, this.#deps.log, (released) => {
      this.#uses.delete(released);
      if (this.#uses.size === 0) {
        this.#deps.onUnused(this);
      }
    });
    this.#uses.add(use);
    return use;
  }

  /** Lists again; resolves when a list has been applied that began after this call. */
  refresh(): Promise<void> {
    const { signal } = this.#stop;
    const begun = this.#listsBegun;
    this.#nap.abort();
    this.#listAgain('refresh');
    return new Promise((resolve, reject) => {
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      this.#awaited.push({ after: begun, resolve, reject });
    });
  }

  confirm(): void {
    this.#confirmFrom = this.#deps.clock.monotonic();
    this.#deps.onDoubt(this);
  }

  /** etcd answers again: a range that failed for its absence does not wait any longer. */
  retrySoon(): void {
    if (this.failure !== undefined && isOutage(this.failure.error)) {
      this.#nap.abort();
    }
  }

  /** Whatever it failed for may be over. */
  retryNow(): void {
    if (this.failure !== undefined) {
      this.#nap.abort();
    }
  }

  async close(): Promise<void> {
    this.#stop.abort();
    for (const { reject } of this.#awaited.splice(0)) {
      reject(this.#stop.signal.reason);
    }
    this.#nap.abort();
    this.#endWatch();
    await this.#running;
  }

  /** Compares the keys with etcd's, and lists again where they truly differ. Resolves when the keys have been read; see {@link RangeComparison}. */
  async compare(): Promise<void> {
    const following = this.#following;
    if (following?.created === true && this.#comparison === undefined) {
      const begunAt = this.#deps.clock.monotonic();
      this.#comparison = new RangeComparison(this, following.clusterId, this.#deps, (outcome) =>
        this.#compared(outcome, begunAt),
      );
      await this.#comparison.run(this.#stop.signal);
    }
  }

  #compared(outcome: Outcome, begunAt: number): void {
    this.#comparison = undefined;
    if (outcome.kind === 'same') {
      this.confirmedAt = begunAt;
      this.#confirm();
    }
    if (outcome.kind !== 'abandoned') {
      this.#deps.observer.compared?.(this.range);
    }
    if (outcome.kind === 'different') {
      this.#deps.observer.driftFound?.(this.range, outcome.keys);
      this.#listAgain(outcome.reason);
    }
  }

  /** Has it compared where that was asked for and has not been done. */
  #confirm(): void {
    if (this.confirmedAt < this.#confirmFrom) {
      this.#deps.onDoubt(this);
    }
  }

  /** Gives the watch up for a list. */
  #listAgain(reason: ListReason): void {
    this.#following?.watch.cancel();
    this.#following?.over.resolve(reason);
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let reason: ListReason = 'first';
    let failures = 0;
    while (!signal.aborted) {
      const since = this.#deps.clock.monotonic();
      this.#nap = new AbortController();
      try {
        reason = await this.#follow(await this.#list(reason));
        const hasSettled = this.#deps.clock.monotonic() - since > settledMs;
        failures = hasSettled ? 0 : failures + (reason === 'refresh' ? 0 : 1);
      } catch (error) {
        failures += 1;
        reason = this.synced ? 'watch-ended' : 'first';
        this.#failed(error);
      }
      await this.#wait(failures);
    }
  }

  async #list(reason: ListReason): Promise<Listed> {
    const { clock, client, hub, limiter, observer } = this.#deps;
    const { signal } = this.#stop;
    return await limiter.run(async () => {
      const since = clock.monotonic();
      const { epoch } = hub;
      const number = ++this.#listsBegun;
      const list = await listWhole(client, this.range, this.registrations, signal);
      const changes = differences(this.registrations, list.registrations, list.revision);
      this.#apply(changes, list.revision);
      observer.listed?.({
        range: this.range,
        reason,
        keys: list.registrations.size,
        bytes: list.bytes,
        durationMs: clock.monotonic() - since,
      });
      if (!this.synced) {
        this.synced = true;
        for (const use of [...this.#uses]) {
          use.firstListed();
        }
      }
      this.listedAt = since;
      this.confirmedAt = since;
      this.#tellListed(number);
      return { revision: list.revision, clusterId: list.clusterId, epoch };
    }, signal);
  }

  #tellListed(number: number): void {
    const listed = this.#awaited.filter(({ after }) => after < number);
    for (const waiting of listed) {
      this.#awaited.splice(this.#awaited.indexOf(waiting), 1);
      waiting.resolve();
    }
  }

  /** Watches from the list's revision on until that is over. */
  async #follow(listed: Listed): Promise<ListReason> {
    this.#stop.signal.throwIfAborted();
    if (this.#awaited.length > 0) {
      return 'refresh';
    }
    const over = Promise.withResolvers<ListReason>();
    const watch = this.#deps.hub.watch(this.range, listed, {
      created: () => {
        following.created = true;
        this.#recovered();
        this.#confirm();
      },
      advanced: (changes, revision) => this.#advanced(changes, revision),
      resumed: () => this.#doubt(),
      behind: () => this.#doubt(),
      lost: (reason) => {
        if (reason === 'compacted') {
          this.#deps.observer.compacted?.(this.range);
        }
        over.resolve(reason);
      },
      refused: (error) => over.reject(error),
    });
    const following: Following = { watch, clusterId: listed.clusterId, over, created: false };
    this.#following = following;
    try {
      return await over.promise;
    } finally {
      this.#following = undefined;
      this.#comparison?.abandon();
    }
  }

  #endWatch(): void {
    this.#following?.watch.cancel();
    this.#following?.over.reject(this.#stop.signal.reason);
  }

  #advanced(changes: readonly Change[], revision: Revision): void {
    if (changes.length > 0) {
      this.#deps.observer.events?.(changes.length);
    }
    this.#apply(changes, revision);
    this.#comparison?.changed(changes);
  }

  #apply(changes: readonly Change[], revision: Revision): void {
    const news = applyChanges(this.registrations, changes);
    this.revision = revision;
    for (const use of [...this.#uses]) {
      use.changed(news);
    }
  }

  /** A comparison under way counts no longer; the next one is asked for. */
  #doubt(): void {
    this.#comparison?.abandon();
    this.#deps.onDoubt(this);
  }

  #failed(cause: unknown): void {
    if (this.#stop.signal.aborted) {
      return;
    }
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const { clock, log, onOutage } = this.#deps;
    const before = this.failure;
    const first = before === undefined;
    this.failure = { error, since: before?.since ?? clock.now() };
    if (codeOf(before?.error) !== codeOf(error)) {
      this.#tellFailure();
    }
    if (isOutage(error)) {
      onOutage();
    } else if (first) {
      log.warn(
        { start: showKey(this.range.start), problem: error.message },
        'a range cannot be followed; it is tried again',
      );
    }
  }

  #recovered(): void {
    if (this.failure !== undefined && !isOutage(this.failure.error)) {
      this.#deps.log.info({ start: showKey(this.range.start) }, 'the range is followed again');
    }
    const hadFailed = this.failure !== undefined;
    this.failure = undefined;
    if (hadFailed) {
      this.#tellFailure();
    }
  }

  #tellFailure(): void {
    for (const use of [...this.#uses]) {
      use.failureChanged();
    }
  }

  /** No wait for the first list again in a while: most of what ends a watch is over with a list. */
  async #wait(failures: number): Promise<void> {
    const tries = this.failure === undefined ? failures - 1 : failures;
    if (tries <= 0 || this.#stop.signal.aborted) {
      return;
    }
    const { clock, random = Math.random } = this.#deps;
    await sleep(clock, backoffMs(tries - 1, { ...retryBackoff, random }), this.#nap.signal);
  }
}
