/** When removals are too many at once. Pure numbers: what is counted is decided elsewhere. */

/** When removals in a whole registry are held. Times in milliseconds. */
export interface RegistryLimits {
  readonly maxRemovalPercent: number;
  /** So many instances must be lost before any is held. */
  readonly ignoreBelow: number;
  readonly windowMs: number;
  readonly holdMs: number;
}

/** When removals of one EtcdService are held. Times in milliseconds. */
export interface ServiceLimits {
  readonly maxRemovalPercent: number;
  /** With fewer ready instances than this in the window nothing is held. */
  readonly ignoreBelow: number;
  readonly windowMs: number;
  readonly holdMs: number;
  readonly holdsLast: boolean;
}

/** What was lost of what stood. */
export interface Loss {
  readonly lost: number;
  readonly stood: number;
}

/** Whether a registry has lost more than it may. */
export function isMassLoss(
  { lost, stood }: Loss,
  { maxRemovalPercent, ignoreBelow }: RegistryLimits,
): boolean {
  return lost >= ignoreBelow && isMore({ lost, stood }, maxRemovalPercent);
}

/** Whether one EtcdService has shrunk more than it may, from the most ready instances of the window to those that are ready now. */
export function isShrunk(most: number, ready: number, limits: ServiceLimits): boolean {
  if (most < limits.ignoreBelow || ready >= most) {
    return false;
  }
  return (
    (ready === 0 && limits.holdsLast) || isMore({ lost: most - ready, stood: most }, limits.maxRemovalPercent)
  );
}

function isMore({ lost, stood }: Loss, percent: number): boolean {
  return lost * 100 > stood * percent;
}
