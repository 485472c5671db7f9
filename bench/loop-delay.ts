/**
 * Preloaded into the controller that is measured: how long its event loop was delayed since it was asked last, over all of that time. SIGUSR2 asks, and a line
 * of the log answers.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Delays of the event loop, in milliseconds. */
export interface LoopDelay {
  readonly p99: number;
  readonly max: number;
}

/** As it appears in the log. */
export interface LoopDelayLine extends LoopDelay {
  readonly level: 'info';
  readonly msg: 'Delay of the event loop';
  /** How often it has been asked. */
  readonly asked: number;
}

/** As often as the controller itself looks. */
const everyMs = 20;
const delays = monitorEventLoopDelay({ resolution: everyMs });
delays.enable();
let asked = 0;

process.on('SIGUSR2', () => {
  asked += 1;
  const line: LoopDelayLine = {
    level: 'info',
    msg: 'Delay of the event loop',
    asked,
    p99: delayOf(delays.percentile(99)),
    max: delayOf(delays.max),
  };
  delays.reset();
  console.log(JSON.stringify(line));
});

/** What Node.js tells is the time from one look to the next, a loop without any delay included. */
function delayOf(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - everyMs);
}
