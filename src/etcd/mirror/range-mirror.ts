import { untilAborted } from '../../abort.ts';
import { backoffMs } from '../../backoff.ts';
import { sleep } from '../../clock.ts';
import type { Limiter } from '../../limiter.ts';
import type { ReadingClient } from '../client/client.ts';
import type { EtcdDeps } from '../options.ts';
import type { Change, Key, KeyRange, RangeFailure, Registration, Revision, Unseen } from '../types.ts';
import type { Listed, LossReason, Watch, WatchHub, WatchListener } from '../watch/watch.ts';
import { applyChanges, differences } from './difference.ts';
import type { JoinedReads } from './joined-reads.ts';
import type { ListReason, MirrorObserver } from './observer.ts';
import { type Outcome, RangeComparison } from './range-comparison.ts';
import { RangeFailing } from './range-failing.ts';
import { Registrations } from './registrations.ts';
import { listWhole } from './whole-list.ts';

/** What a mirror of a range tells. It shows by then what it tells of. */
export interface RangeMirrorListener {
  /** True differences, each revision whole; none where the revision alone has moved. Not what the first list has brought. */
  advanced(mirror: RangeMirror, changes: readonly Change[]): void;
  /** A list has been applied. */
  listed(mirror: RangeMirror, isFirst: boolean, unseen: Unseen): void;
  /** The `failure` has come, changed or gone. */
  failureChanged(mirror: RangeMirror): void;
}

/** What all ranges of a mirror share. */
export interface RangeDeps extends EtcdDeps {
  readonly client: ReadingClient;
  readonly hub: WatchHub;
  readonly limiter: Limiter;
  readonly joined: JoinedReads;
  readonly observer: MirrorObserver;
  /** The range may have drifted and wants to be compared. */
  readonly onDoubt: (range: RangeMirror) => void;
  /** etcd could not be reached, as opposed to a range that may not be read. */
  readonly onOutage: () => void;
}

/** The same, with what ranges are told and asked by who shares them: one object for all mirrors. */
export interface RangeMirrorDeps extends RangeDeps {
  readonly listener: RangeMirrorListener;
  /** A registration that is held elsewhere: where a list brings the same, it is kept in place of that. */
  readonly known: (key: Key) => Registration | undefined;
  /** Resolves when those have been told that follow what has been listed up to now. */
  readonly told: () => Promise<void>;
}

/** What a mirror goes on from that takes over a part of another one. */
export interface Seed {
  readonly registrations: ReadonlyMap<Key, Registration>;
  /** What the content is exact at. */
  readonly listed: Listed;
  readonly listedAt: number;
  readonly confirmedAt: number;
}

/** A watch that has lasted this long was worth its list: the next failure starts a new count. */
const settledMs = 10_000;
const retryBackoff = { baseMs: 500, maxMs: 30_000, jitter: 0.3 };
/** Of no stream: a watch that goes on from there makes sure of its history. */
const noEpoch = -1;

/** The watch that keeps the copy current. */
interface Following {
  readonly watch: Watch;
  readonly clusterId: string;
  /** Why the range must be listed again; rejects where etcd refuses the watch. */
  readonly over: PromiseWithResolvers<ListReason>;
  created: boolean;
}

/** The copy of one range: listed at a revision, watched from the next one on, listed again when following is no longer possible. */
export class RangeMirror implements WatchListener {
  readonly range: KeyRange;
  readonly registrations = new Registrations();
  revision: Revision = 0;
  listedAt: number = Number.NEGATIVE_INFINITY;
  confirmedAt: number = Number.NEGATIVE_INFINITY;
  synced: boolean = false;
  readonly #deps: RangeMirrorDeps;
  readonly #failing: RangeFailing;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  #clusterId: string = '0';
  /** The hub's epoch when the last list began. */
  #epoch: number = noEpoch;
  #following: Following | undefined;
  #comparison: RangeComparison | undefined;
  /** When the list began that is under way, in monotonic milliseconds. */
  #listingSince: number | undefined;
  /** A list is wanted that has begun then or later. */
  #listFrom: number = Number.NEGATIVE_INFINITY;
  /** Monotonic milliseconds since when a comparison has been asked for: one that began earlier, or found no watch, does not answer that. */
  #confirmFrom: number = Number.NEGATIVE_INFINITY;
  /** Ends the wait before the next list, while there is one. */
  #nap: AbortController | undefined;
  /** Whether somebody wants the next list at once: a wait that is yet to come is none then. */
  #isAwake: boolean = false;

  constructor(range: KeyRange, deps: RangeMirrorDeps, seed?: Seed) {
    this.range = range;
    this.#deps = deps;
    this.#failing = new RangeFailing(range, deps);
    this.#running = this.#run(seed === undefined ? undefined : this.#begin(seed));
  }

  get failure(): RangeFailure | undefined {
    return this.#failing.current;
  }

  /** Whether a list is under way, as opposed to waiting for its turn. */
  get isListing(): boolean {
    return this.#listingSince !== undefined;
  }

  /** Lists again unless a list is under way that began at that monotonic time or later. */
  listSince(beganMs: number): void {
    if (this.#listingSince !== undefined && this.#listingSince >= beganMs) {
      return;
    }
    this.#listFrom = Math.max(this.#listFrom, beganMs);
    this.retry();
    this.#listAgain('refresh');
  }

  confirm(): void {
    this.#confirmFrom = this.#deps.clock.monotonic();
    this.#deps.onDoubt(this);
  }

  /** What it failed for may be over: it waits no longer. */
  retry(): void {
    this.#isAwake = true;
    this.#nap?.abort();
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.retry();
    this.#endWatch();
    await this.#running;
  }

  /** What a mirror of a part goes on from; its watch begins after the very revision that has been reached here. */
  seedOf(part: ReadonlyMap<Key, Registration>): Seed {
    const { revision, listedAt, confirmedAt } = this;
    const listed = { revision, clusterId: this.#clusterId, epoch: noEpoch };
    return { registrations: part, listed, listedAt, confirmedAt };
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

  #begin({ registrations, listed, listedAt, confirmedAt }: Seed): Listed {
    for (const [key, registration] of registrations) {
      this.registrations.set(key, registration);
    }
    this.revision = listed.revision;
    this.listedAt = listedAt;
    this.confirmedAt = confirmedAt;
    this.#clusterId = listed.clusterId;
    this.synced = true;
    return listed;
  }

  async #run(seeded: Listed | undefined): Promise<void> {
    const { signal } = this.#stop;
    let listed = seeded;
    let reason: ListReason = 'first';
    let failures = 0;
    while (!signal.aborted) {
      const since = this.#deps.clock.monotonic();
      this.#isAwake = false;
      try {
        reason = await this.#follow(listed ?? (await this.#list(reason)));
        const hasSettled = this.#deps.clock.monotonic() - since > settledMs;
        failures = hasSettled ? 0 : failures + (reason === 'refresh' ? 0 : 1);
      } catch (error) {
        failures += 1;
        reason = this.synced ? 'watch-ended' : 'first';
        this.#failed(error);
      }
      listed = undefined;
      await this.#wait(failures);
    }
  }

  #failed(error: unknown): void {
    if (!this.#stop.signal.aborted && this.#failing.failed(error)) {
      this.#deps.listener.failureChanged(this);
    }
  }

  async #list(reason: ListReason): Promise<Listed> {
    const { clock, client, joined, hub, observer } = this.#deps;
    const { signal } = this.#stop;
    return await this.#inTurn(async () => {
      const since = clock.monotonic();
      const { epoch } = hub;
      this.#listingSince = since;
      try {
        const known = (key: Key) => this.#known(key);
        const list = await listWhole(client, this.range, known, { joined, signal });
        signal.throwIfAborted();
        const { registrations, revision, clusterId, bytes } = list;
        const durationMs = clock.monotonic() - since;
        observer.listed?.({ range: this.range, reason, keys: registrations.size, bytes, durationMs });
        this.#clusterId = clusterId;
        const isUnbroken = epoch === this.#epoch && reason !== 'drift';
        this.#epoch = epoch;
        const changes = differences(this.registrations, registrations, revision);
        this.#listed(changes, { revision, since, isUnbroken });
        return { revision, clusterId, epoch };
      } finally {
        this.#listingSince = undefined;
      }
    });
  }

  /**
   * When it is its turn among the lists. Its turn is over when what it has brought has been read, which takes longer than to list it: lists would run ahead, and
   * their answers fill the turns of the event loop.
   */
  #inTurn(list: () => Promise<Listed>): Promise<Listed> {
    const { limiter, told } = this.#deps;
    const { signal } = this.#stop;
    const { promise, resolve, reject } = Promise.withResolvers<Listed>();
    const task = async (): Promise<void> => {
      resolve(await list());
      await untilAborted(told(), signal);
    };
    limiter.run(task, signal).catch(reject);
    return promise;
  }

  #known(key: Key): Registration | undefined {
    return this.registrations.get(key) ?? this.#deps.known(key);
  }

  /** `isUnbroken`: all that came since the list before came by one stream, and that has told no untruth. */
  #listed(
    changes: readonly Change[],
    { revision, since, isUnbroken }: { revision: Revision; since: number; isUnbroken: boolean },
  ): void {
    const { listener } = this.#deps;
    const isFirst = !this.synced;
    const news = applyChanges(this.registrations, changes);
    this.revision = revision;
    this.listedAt = since;
    this.confirmedAt = since;
    this.synced = true;
    if (!isFirst) {
      listener.advanced(this, news);
    }
    listener.listed(this, isFirst, isUnbroken ? news.map(({ key }) => key) : 'all');
  }

  /** Watches from the list's revision on until that is over. */
  async #follow(listed: Listed): Promise<ListReason> {
    this.#stop.signal.throwIfAborted();
    if (this.listedAt < this.#listFrom) {
      return 'refresh';
    }
    const over = Promise.withResolvers<ListReason>();
    const watch = this.#deps.hub.watch(this.range, listed, this);
    this.#following = { watch, clusterId: listed.clusterId, over, created: false };
    try {
      return await over.promise;
    } finally {
      this.#following = undefined;
      this.#comparison?.abandon();
    }
  }

  /** What the watch tells, from here on: for the hub alone. */
  created(): void {
    if (this.#following !== undefined) {
      this.#following.created = true;
    }
    if (this.#failing.recovered()) {
      this.#deps.listener.failureChanged(this);
    }
    this.#confirm();
  }

  resumed(): void {
    this.#doubt();
  }

  behind(): void {
    this.#doubt();
  }

  lost(reason: LossReason): void {
    if (reason === 'compacted') {
      this.#deps.observer.compacted?.(this.range);
    }
    this.#following?.over.resolve(reason);
  }

  refused(error: Error): void {
    this.#following?.over.reject(error);
  }

  advanced(changes: readonly Change[], revision: Revision): void {
    if (changes.length > 0) {
      this.#deps.observer.events?.(changes.length);
    }
    const news = applyChanges(this.registrations, changes);
    this.revision = revision;
    this.#deps.listener.advanced(this, news);
    this.#comparison?.changed(changes);
  }

  #endWatch(): void {
    this.#following?.watch.cancel();
    this.#following?.over.reject(this.#stop.signal.reason);
  }

  /** A comparison under way counts no longer; the next one is asked for. */
  #doubt(): void {
    this.#comparison?.abandon();
    this.#deps.onDoubt(this);
  }

  /** No wait for the first list again in a while: most of what ends a watch is over with a list. */
  async #wait(failures: number): Promise<void> {
    const tries = this.failure === undefined ? failures - 1 : failures;
    if (tries <= 0 || this.#isAwake || this.#stop.signal.aborted) {
      return;
    }
    const { clock, random = Math.random } = this.#deps;
    this.#nap = new AbortController();
    await sleep(clock, backoffMs(tries - 1, { ...retryBackoff, random }), this.#nap.signal);
    this.#nap = undefined;
  }
}
