/** Preloaded into the controller that is measured: SIGUSR2 asks for the delays of its event loop, and a line of the log answers. */
import { type LoopDelay, watchDelays } from './delays.ts';

/** As it appears in the log. */
export interface LoopDelayLine extends LoopDelay {
  readonly level: 'info';
  readonly msg: 'Delay of the event loop';
  /** How often it has been asked. */
  readonly asked: number;
}

const delays = watchDelays();
let asked = 0;

process.on('SIGUSR2', () => {
  asked += 1;
  const line: LoopDelayLine = { level: 'info', msg: 'Delay of the event loop', asked, ...delays() };
  console.log(JSON.stringify(line));
});
