import type { OptionTable } from '../config/option.ts';
import type { OptionSource } from '../config/read-options.ts';

/** A command, in a file of its own that is loaded when the command is used. */
export interface Command {
  readonly options: OptionTable;
  /** Resolves when the command has succeeded. Errors with code `INVALID_OPTIONS` exit with 2, all others with 1. */
  run(source: OptionSource, process: NodeJS.Process): Promise<void>;
}

/** The exit codes of every command. */
export const exitCodes = {
  success: 0,
  failure: 1,
  wrongUsage: 2,
} as const;
