import { type DestinationStream, type Logger as PinoLogger, pino } from 'pino';
import { BatchWriter } from './batch-writer.ts';
import { loggable } from './loggable.ts';
import { textLine } from './text-line.ts';

/**
 * Writes one line a decision: `log.info({ etcdService: 'shop/web', revision }, 'Published endpoints')`; what was thrown goes under `error`.
 */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  fatal(fields: object, message: string): void;
  /** A logger whose lines have these fields too. */
  child(fields: object): Logger;
}

export interface LoggerOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly format: 'json' | 'text';
  /** In every line. */
  readonly replica: string;
  /**
   * Where the lines go, complete ones. Unless told, stdout: those of 10 ms in one write, an error and what was said before it at
   * once. What the process says before it exits is never lost, also where it crashes.
   */
  readonly destination?: DestinationStream;
}

export function createLogger(options: LoggerOptions): Logger {
  const { destination, flush } = options.destination === undefined ? toStdout() : told(options.destination);
  const logger = pino(
    {
      level: options.level,
      base: { replica: options.replica },
      errorKey: 'error',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }), log: loggable },
      // loggable has described the error already; pino's own serialiser would add every property of it.
      serializers: { error: (described: unknown) => described, err: (described: unknown) => described },
    },
    options.format === 'json' ? destination : { write: (line) => destination.write(textLine(line)) },
  );
  return shielded(logger, flush);
}

interface Sink {
  readonly destination: DestinationStream;
  /** Returns when all that was said has been written. */
  readonly flush: () => void;
}

function told(destination: DestinationStream): Sink {
  return { destination, flush: () => undefined };
}

/** What Node.js does not declare, and only pipes, sockets and terminals have. */
interface Blockable {
  readonly _handle?: { setBlocking?(isBlocking: boolean): void };
}

function toStdout(): Sink {
  // Whoever has looked at process.stdout has made a pipe non-blocking: a full one would be waited for by sleeping, 100 ms each time.
  (process.stdout as Blockable)._handle?.setBlocking?.(true);
  const writer = new BatchWriter(pino.destination({ fd: 1, sync: true }));
  const flush = (): void => writer.flush();
  process.once('exit', flush);
  return { destination: writer, flush };
}

/** pino writes the fields of child loggers as they are, past its own formatters. */
function shielded(logger: PinoLogger, flush: () => void): Logger {
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error(fields, message) {
      logger.error(fields, message);
      flush();
    },
    fatal(fields, message) {
      logger.fatal(fields, message);
      flush();
    },
    child: (fields) => shielded(logger.child(loggable(fields)), flush),
  };
}
