import type { Cancel } from '../../clock.ts';
import { Pace } from '../../pace.ts';
import { isOutage } from '../errors.ts';
import type {
  Change,
  KeyRange,
  MirroredRange,
  RangeFailure,
  RangeListener,
  Revision,
  Unseen,
} from '../types.ts';
import { differences } from './difference.ts';
import { FollowedRange, type FollowedRangeDeps } from './followed-range.ts';
import { type RangeDeps, RangeMirror, type RangeMirrorDeps, type Seed } from './range-mirror.ts';
import { RangeTable } from './range-table.ts';

export interface SharedRangesDeps extends RangeDeps {
  /** The mirror is needed no longer. */
  readonly onEnd: (mirror: RangeMirror) => void;
}

/** So long ranges wait for the first list of a wider one; then they are listed by themselves. */
const patienceMs = 5_000;

/**
 * The ranges that are followed, and the mirrors that show them. A range that lies within another one is shown by its mirror, and has neither a list
 * nor a watch of its own (docs/adr/0019). A mirror is the own one of exactly one followed range, and ends with it, or when a wider one takes its place.
 */
export class SharedRanges {
  readonly #deps: SharedRangesDeps;
  readonly #mirrorDeps: RangeMirrorDeps;
  readonly #followedDeps: FollowedRangeDeps;
  readonly #pace = new Pace();
  readonly #table = new RangeTable();
  readonly #mirrors = new Set<RangeMirror>();
  /** Mirrors whose first list ranges within them wait for, and what ends that wait. */
  readonly #expected = new Map<RangeMirror, Cancel>();
  /** Mirrors that have yet to reach the revision of one within them. */
  readonly #lagging = new Set<RangeMirror>();
  /** Mirrors that have ended but are not yet at rest. */
  readonly #closing = new Set<Promise<void>>();
  #closed: boolean = false;

  constructor(deps: SharedRangesDeps) {
    this.#deps = deps;
    this.#mirrorDeps = {
      ...deps,
      listener: {
        advanced: (mirror, changes) => this.#advanced(mirror, changes),
        listed: (mirror, isFirst, unseen) => this.#listed(mirror, isFirst, unseen),
        failureChanged: (mirror) => this.#failureChanged(mirror),
      },
      known: (key) => this.#table.registration(key),
      told: () => new Promise<void>((resolve) => this.#pace.add(resolve)),
    };
    const { clock, log } = deps;
    const onUnused = (unused: FollowedRange): void => this.#unused(unused);
    this.#followedDeps = { clock, log, pace: this.#pace, onUnused };
  }

  /** The mirrors at the time of iterating: each has a list and a watch. */
  get mirrors(): ReadonlySet<RangeMirror> {
    return this.#mirrors;
  }

  /** What is followed at the time of iterating, by whichever mirror. */
  get followed(): Iterable<FollowedRange> {
    return this.#table.values();
  }

  follow(range: KeyRange, listener: RangeListener): MirroredRange {
    const followed = this.#table.get(range) ?? this.#begin(range);
    return followed.use(listener);
  }

  /** What has failed for a reason that may be over is tried at once. */
  retry(mayBeOver: (failure: RangeFailure) => boolean): void {
    for (const mirror of [...this.#mirrors]) {
      const { failure } = mirror;
      // One that has ended meanwhile is shown by a wider one.
      if (failure !== undefined && mayBeOver(failure) && this.#mirrors.has(mirror)) {
        mirror.retry();
        this.#expect(mirror);
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#pace.clear();
    for (const followed of this.#table.values()) {
      followed.close();
    }
    for (const mirror of [...this.#mirrors]) {
      this.#end(mirror);
    }
    await Promise.all(this.#closing);
  }

  #begin(range: KeyRange): FollowedRange {
    const source = this.#widerFor(range) ?? this.#mirror(range);
    const followed = new FollowedRange(range, source, this.#followedDeps);
    this.#table.add(followed);
    this.#expect(source);
    return followed;
  }

  #unused(followed: FollowedRange): void {
    if (this.#closed) {
      return;
    }
    const { range, source } = followed;
    followed.close();
    this.#table.delete(followed);
    if (source.range === range) {
      this.#part(source);
      this.#end(source);
    }
  }

  #mirror(range: KeyRange, seed?: Seed): RangeMirror {
    const mirror = new RangeMirror(range, this.#mirrorDeps, seed);
    this.#mirrors.add(mirror);
    return mirror;
  }

  #end(mirror: RangeMirror): void {
    this.#mirrors.delete(mirror);
    this.#lagging.delete(mirror);
    this.#expectNoLonger(mirror);
    this.#deps.onEnd(mirror);
    const closing = mirror.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  #advanced(mirror: RangeMirror, changes: readonly Change[]): void {
    for (const [followed, own] of this.#table.sort(mirror, changes)) {
      followed.changed(own);
    }
    if (this.#lagging.has(mirror)) {
      this.#takeIn(mirror);
    }
  }

  #listed(mirror: RangeMirror, isFirst: boolean, unseen: Unseen): void {
    this.#expectNoLonger(mirror);
    for (const followed of this.#table.shownBy(mirror)) {
      followed.listed(unseen);
      if (isFirst) {
        followed.firstListed();
      }
    }
    this.#takeIn(mirror);
  }

  #failureChanged(mirror: RangeMirror): void {
    const { failure, synced } = mirror;
    // In an outage nobody fares better alone; who waits for a first list may.
    if (failure !== undefined && (!synced || !isOutage(failure.error))) {
      this.#part(mirror);
    }
    for (const followed of this.#table.shownBy(mirror)) {
      followed.failureChanged();
    }
    this.#takeIn(mirror);
  }

  /** A first list begins: what lies within that range and is not listed yet waits for it, but not for long. */
  #expect(mirror: RangeMirror): void {
    if (!(mirror.synced || this.#expected.has(mirror))) {
      const cancel = this.#deps.clock.schedule(patienceMs, () => this.#part(mirror));
      this.#expected.set(mirror, cancel);
      this.#takeIn(mirror);
    }
  }

  #expectNoLonger(mirror: RangeMirror): void {
    this.#expected.get(mirror)?.();
    this.#expected.delete(mirror);
  }

  /** Whether the mirror can show a range within its own, one that is listed or not. */
  #canShow(mirror: RangeMirror, isListed: boolean): boolean {
    return mirror.synced ? mirror.failure === undefined : !isListed && this.#expected.has(mirror);
  }

  /** The mirror of a wider range that can show this one; rather one that is listed. What has reached a revision never goes back. */
  #widerFor(range: KeyRange, reached?: Revision): RangeMirror | undefined {
    const able = this.#table
      .widerThan(range)
      .filter((mirror) => this.#canShow(mirror, reached !== undefined) && mirror.revision >= (reached ?? 0));
    return able.find(({ synced }) => synced) ?? able[0];
  }

  /** Has the mirror take the place of those within its range, as far as it can: their lists and watches end. */
  #takeIn(mirror: RangeMirror): void {
    this.#lagging.delete(mirror);
    const able = this.#table.narrowerThan(mirror.range).filter(({ synced }) => this.#canShow(mirror, synced));
    const ready = able.filter((other) =>
      // What is being listed is as good as done; what is ahead must not go back.
      mirror.synced ? other.revision <= mirror.revision : !other.isListing,
    );
    if (mirror.synced && ready.length < able.length) {
      this.#lagging.add(mirror);
    }
    // All is in place before anybody is told.
    for (const tell of ready.flatMap((other) => this.#replace(other, mirror))) {
      tell();
    }
  }

  #replace(mirror: RangeMirror, by: RangeMirror): readonly (() => void)[] {
    const shown = this.#table.shownBy(mirror);
    this.#end(mirror);
    return shown.map((followed) => this.#move(followed, by));
  }

  /** Has the mirror show the range from now on. Returns what tells those who follow it how that differs from before. */
  #move(followed: FollowedRange, to: RangeMirror): () => void {
    const { registrations: before, synced: wasSynced, revision: reached, listedAt } = followed;
    followed.moveTo(to);
    const changes = wasSynced ? differences(before, followed.registrations, to.revision) : [];
    if (to.synced && !wasSynced) {
      followed.firstListed();
    }
    return () => {
      followed.changed(changes);
      // What another mirror has listed since, or has seen between, is known by its end alone.
      if (wasSynced && (to.revision !== reached || to.listedAt !== listedAt)) {
        followed.listed('all');
      }
      followed.failureChanged();
    };
  }

  /** What the mirror shows beside its own range goes on without it: with what is known of it, where that is complete. */
  #part(mirror: RangeMirror): void {
    this.#expectNoLonger(mirror);
    const others = this.#table.shownBy(mirror).filter(({ range }) => range !== mirror.range);
    // The widest first: it can show those within it.
    const tells = others.map((followed) => this.#partFrom(mirror, followed));
    // All is in place before anybody is told.
    for (const tell of tells) {
      tell();
    }
  }

  #partFrom(mirror: RangeMirror, followed: FollowedRange): () => void {
    const { range, synced, registrations } = followed;
    const wider = this.#widerFor(range, synced ? mirror.revision : undefined);
    const seed = synced ? mirror.seedOf(registrations) : undefined;
    const tell = this.#move(followed, wider ?? this.#mirror(range, seed));
    this.#expect(followed.source);
    if (wider === undefined) {
      this.#awaitWider(range);
    }
    return tell;
  }

  /** Wider mirrors that are behind this range show it as soon as they have caught up. */
  #awaitWider(range: KeyRange): void {
    for (const mirror of this.#table.widerThan(range).filter(({ synced }) => synced)) {
      this.#lagging.add(mirror);
    }
  }
}
