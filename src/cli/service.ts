import { constants } from 'node:os';
import type { Clock } from '../clock.ts';
import type { Logger } from '../telemetry/logging.ts';
import { exitCodes } from './command.ts';

export interface ServiceDeps {
  readonly process: Pick<NodeJS.Process, 'on' | 'off' | 'exit'>;
  readonly log: Logger;
  readonly clock: Clock;
}

/** How long a stop may take, with time to spare in the five seconds that are promised. */
const stopWithinMs = 4800;

const stopSignals = ['SIGTERM', 'SIGINT'] as const;

/**
 * Runs what runs until it is told to stop, and ends the process with it. The first SIGTERM or SIGINT aborts the signal, a second one, or
 * a stop that takes too long, ends the process at once. A defect that nobody caught is logged and ends it too: a state that nobody knows must not write.
 */
export async function runService(
  { process, log, clock }: ServiceDeps,
  service: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const stop = new AbortController();
  const onSignal = (name: NodeJS.Signals): void => {
    if (stop.signal.aborted) {
      log.warn({ signal: name }, 'Stopped at once by a second signal');
      process.exit(128 + constants.signals[name]);
    }
    log.info({ signal: name }, 'Stopping');
    clock.schedule(stopWithinMs, () => {
      log.error({ withinMs: stopWithinMs }, 'Stopping took too long');
      process.exit(exitCodes.failure);
    });
    stop.abort();
  };
  const onDefect = (error: unknown): void => {
    log.fatal({ error }, 'Ended by an error that nobody handled');
    process.exit(exitCodes.failure);
  };
  for (const name of stopSignals) {
    process.on(name, onSignal);
  }
  process.on('uncaughtException', onDefect);
  process.on('unhandledRejection', onDefect);
  try {
    await service(stop.signal);
    log.info({}, 'Stopped');
    process.exit(exitCodes.success);
  } catch (error) {
    log.fatal({ error }, 'Ended by an error');
    process.exit(exitCodes.failure);
  }
}
