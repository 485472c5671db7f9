import { codeOf } from '../../errors.ts';
import { isOutage } from '../errors.ts';
import { showKey } from '../key.ts';
import type { EtcdDeps } from '../options.ts';
import type { KeyRange, RangeFailure } from '../types.ts';

export interface FailingDeps extends Pick<EtcdDeps, 'clock' | 'log'> {
  /** etcd could not be reached, as opposed to a range that may not be read. */
  readonly onOutage: () => void;
}

/** Why a range cannot be followed now, from its first failure until it is followed again. */
export class RangeFailing {
  readonly #range: KeyRange;
  readonly #deps: FailingDeps;
  #current: RangeFailure | undefined;

  constructor(range: KeyRange, deps: FailingDeps) {
    this.#range = range;
    this.#deps = deps;
  }

  get current(): RangeFailure | undefined {
    return this.#current;
  }

  /** Returns whether this is another failure than before, or the first. */
  failed(cause: unknown): boolean {
    const error = cause instanceof Error ? cause : new Error(String(cause));
    const { clock, log, onOutage } = this.#deps;
    const before = this.#current;
    this.#current = { error, since: before?.since ?? clock.now() };
    if (isOutage(error)) {
      onOutage();
    } else if (before === undefined) {
      log.warn(
        { start: showKey(this.#range.start), problem: error.message },
        'a range cannot be followed; it is tried again',
      );
    }
    return before === undefined || codeOf(before.error) !== codeOf(error);
  }

  /** Returns whether it had failed. */
  recovered(): boolean {
    const before = this.#current;
    if (before === undefined) {
      return false;
    }
    if (!isOutage(before.error)) {
      this.#deps.log.info({ start: showKey(this.#range.start) }, 'the range is followed again');
    }
    this.#current = undefined;
    return true;
  }
}
