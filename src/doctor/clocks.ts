import type { CheckName } from './checks.ts';
import { type Finding, ok, warning } from './finding.ts';

/** What a server's clock says, and when: wall-clock milliseconds of this machine before the question and after the answer. */
export interface ClockReading {
  /** From a Date header, which is cut to whole seconds. */
  readonly serverMs: number;
  readonly askedMs: number;
  readonly answeredMs: number;
}

/** What is borne: an NTP that has just been started, and a slow answer. */
const boundMs = 5000;

/** How far the two clocks are apart at least, in milliseconds: negative where the server's is behind. A Date header tells whole seconds. */
export function differenceMs({ serverMs, askedMs, answeredMs }: ClockReading): number {
  const ahead = serverMs - answeredMs;
  const behind = serverMs + 1000 - askedMs;
  return ahead > 0 ? ahead : Math.min(behind, 0);
}

/** `who` is whose clock it is, as the subject of a sentence. */
export function clockFinding(check: CheckName, who: string, reading: ClockReading): Finding {
  const difference = differenceMs(reading);
  if (Math.abs(difference) <= boundMs) {
    return ok(check, `the clock of ${who} is that of this machine to ${boundMs / 1000} s`);
  }
  const seconds = Math.round(Math.abs(difference) / 1000);
  return warning(
    check,
    `the clock of ${who} is ${seconds} s ${difference > 0 ? 'ahead of' : 'behind'} that of this machine`,
    'have both set by NTP',
  );
}
