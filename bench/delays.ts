import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Delays of the event loop, in milliseconds. */
export interface LoopDelay {
  readonly p99: number;
  readonly max: number;
}

/** As often as the controller itself looks. */
const everyMs = 20;

/** Looks at the event loop of this process from now on. Returns what tells how long it was delayed since that was asked last, over all of that time. */
export function watchDelays(): () => LoopDelay {
  const delays = monitorEventLoopDelay({ resolution: everyMs });
  delays.enable();
  return () => {
    const told = { p99: delayOf(delays.percentile(99)), max: delayOf(delays.max) };
    delays.reset();
    return told;
  };
}

/** What Node.js tells is the time from one look to the next, a loop without any delay included. */
function delayOf(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - everyMs);
}
