import { type DestinationStream, type Logger, pino } from 'pino';
import { loggable } from './loggable.ts';
import { textLine } from './text-line.ts';

/** One line a decision: `log.info({ etcdService: 'shop/web', revision }, 'Published endpoints')`; what was thrown goes under `error`. */
export type { Logger } from 'pino';

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'json' | 'text';
  /** In every line. */
  readonly replica: string;
  /** Where the lines go, complete ones; stdout unless told, written before the call returns, so that a crash loses none. */
  readonly destination?: DestinationStream;
}

export function createLogger(options: LoggerOptions): Logger {
  const destination = options.destination ?? pino.destination({ fd: 1, sync: true });
  return pino(
    {
      level: options.level,
      base: { replica: options.replica },
      errorKey: 'error',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }), log: loggable, bindings: loggable },
      // loggable has described the error already; pino's own serialiser would add every property of it.
      serializers: { error: (described: unknown) => described, err: (described: unknown) => described },
    },
    options.format === 'json' ? destination : { write: (line) => destination.write(textLine(line)) },
  );
}
