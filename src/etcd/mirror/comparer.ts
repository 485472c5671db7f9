import type { Cancel } from '../../clock.ts';
import { hasCode, messageOf } from '../../errors.ts';
import type { Limiter } from '../../limiter.ts';
import type { EtcdDeps } from '../options.ts';
import type { RangeMirror } from './range-mirror.ts';

/** Comparisons at once. Thousands of ranges are compared after each reconnect, and etcd has better things to do at that time. */
const atOnce = 4;
/** A comparison that failed is tried again after this long. */
const retryMs = 10_000;

/** Has the keys of ranges compared with etcd's: all of them every so often, and each when its watch becomes doubtful. */
export class Comparer {
  readonly #ranges: Iterable<RangeMirror>;
  readonly #limiter: Limiter;
  readonly #deps: EtcdDeps;
  readonly #periodMs: number;
  readonly #stop = new AbortController();
  /** Each range at most once, in the order of asking. */
  readonly #waiting = new Set<RangeMirror>();
  readonly #failed = new Set<RangeMirror>();
  readonly #running = new Set<Promise<void>>();
  #cancelPeriod: Cancel;
  #cancelRetry: Cancel | undefined;

  /** `ranges` is read anew each period. */
  constructor(ranges: Iterable<RangeMirror>, limiter: Limiter, periodMs: number, deps: EtcdDeps) {
    this.#ranges = ranges;
    this.#limiter = limiter;
    this.#periodMs = periodMs;
    this.#deps = deps;
    this.#cancelPeriod = this.#schedulePeriod();
  }

  /** Has the range compared as soon as its turn comes. */
  enqueue(range: RangeMirror): void {
    if (!this.#stop.signal.aborted) {
      this.#waiting.add(range);
      this.#pump();
    }
  }

  /** The range is followed no longer. */
  forget(range: RangeMirror): void {
    this.#waiting.delete(range);
    this.#failed.delete(range);
  }

  async close(): Promise<void> {
    this.#stop.abort();
    this.#waiting.clear();
    this.#cancelPeriod();
    this.#cancelRetry?.();
    await Promise.all(this.#running);
  }

  #schedulePeriod(): Cancel {
    const { clock, random = Math.random } = this.#deps;
    return clock.schedule(this.#periodMs * (0.9 + 0.2 * random()), () => {
      this.#cancelPeriod = this.#schedulePeriod();
      for (const range of this.#ranges) {
        this.enqueue(range);
      }
    });
  }

  #pump(): void {
    for (const range of this.#waiting) {
      if (this.#running.size >= atOnce) {
        return;
      }
      this.#waiting.delete(range);
      const running = this.#compare(range).finally(() => {
        this.#running.delete(running);
        this.#pump();
      });
      this.#running.add(running);
    }
  }

  async #compare(range: RangeMirror): Promise<void> {
    try {
      await this.#limiter.run(() => range.compare(), this.#stop.signal, 'low');
    } catch (error) {
      if (!this.#stop.signal.aborted && !hasCode(error, 'ETCD_CLIENT_CLOSED')) {
        this.#deps.log.debug({ problem: messageOf(error) }, 'a comparison of keys failed; it is tried again');
        this.#retryLater(range);
      }
    }
  }

  #retryLater(range: RangeMirror): void {
    this.#failed.add(range);
    this.#cancelRetry ??= this.#deps.clock.schedule(retryMs, () => {
      this.#cancelRetry = undefined;
      for (const failed of this.#failed) {
        this.enqueue(failed);
      }
      this.#failed.clear();
    });
  }
}
