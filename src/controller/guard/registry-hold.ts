import type { Clock } from '../../clock.ts';
import type { Hold, ShownHold } from '../../endpoints/guard/hold.ts';
import type { Loss, RegistryLimits } from '../../endpoints/guard/limits.ts';
import { beginHold, prolongHold, type RunningHold, resumeHold } from './running-hold.ts';

export interface RegistryHoldDeps {
  /** Undefined: the registry as a whole has no guard. */
  readonly limits: RegistryLimits | undefined;
  readonly clock: Clock;
  readonly random: () => number;
}

/** The hold of a whole registry, as long as there is one: begun here, or found in conditions. */
export class RegistryHold {
  readonly #deps: RegistryHoldDeps;
  readonly #isAway: () => boolean;
  #current: RunningHold | undefined;
  /** Id of the hold that was told last. */
  #told: string | undefined;

  /** `isAway`: whether the registry does not answer. */
  constructor(deps: RegistryHoldDeps, isAway: () => boolean) {
    this.#deps = deps;
    this.#isAway = isAway;
  }

  get current(): RunningHold | undefined {
    return this.#current;
  }

  /** A term begins: of the holds that the last leader has left, the latest that lasts goes on. */
  find(shown: readonly ShownHold[]): void {
    const [latest] = shown
      .filter(({ scope }) => scope === 'Registry')
      .flatMap((hold) => this.resumed(hold, this.#deps.limits) ?? [])
      .toSorted((a, b) => b.startedAt - a.startedAt);
    this.#current = latest;
    this.#told = latest?.id;
  }

  begin(loss: Loss, { holdMs }: RegistryLimits): void {
    const { clock, random } = this.#deps;
    this.#current = beginHold({ scope: 'Registry', loss, holdMs, random }, clock);
  }

  /** Goes on with a hold that a condition shows, unless another one is under way. */
  goOn(hold: RunningHold): RunningHold {
    if (this.#current === undefined) {
      this.#current = hold;
      this.#told = hold.id;
    }
    return this.#current;
  }

  /** The registry is back. */
  prolong(): void {
    const { limits, clock } = this.#deps;
    this.#current &&= prolongHold(this.#current, limits?.holdMs ?? 0, clock);
  }

  end(): void {
    this.#current = undefined;
  }

  /** A hold of a registry or an EtcdService that a condition tells; undefined where its time is over, or where nobody guards any more. */
  resumed(shown: ShownHold, limits: { readonly holdMs: number } | undefined): RunningHold | undefined {
    const hold = limits && resumeHold(shown, limits.holdMs, this.#deps.clock);
    return hold !== undefined && this.lasts(hold) ? hold : undefined;
  }

  /** No hold ends while nobody could register again. */
  lasts({ endsAt }: RunningHold): boolean {
    return endsAt > this.#deps.clock.monotonic() || this.#isAway();
  }

  /** What vanished since that monotonic time has hardly been held when a hold ends: shortly before its end, and in its second half at most. */
  hardlyHeldSince({ endsAt }: RunningHold): number {
    const { windowMs = 0, holdMs = 0 } = this.#deps.limits ?? {};
    return endsAt - Math.min(windowMs, holdMs / 2);
  }

  /** Whether this hold has not been told of before: one of the whole registry is told once, however many EtcdServices it concerns. */
  isNews({ id, scope }: Hold): boolean {
    const isNews = scope === 'Service' || this.#told !== id;
    if (scope === 'Registry') {
      this.#told = id;
    }
    return isNews;
  }
}
